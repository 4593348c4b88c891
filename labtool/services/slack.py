"""Slack as a channel for messages."""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Protocol

from labtool.core.config.models import Slack as Settings
from labtool.core.errors import AccessDenied, Failed
from labtool.core.messages import Address, Message, Receipt
from labtool.core.people import People, Person
from labtool.core.text import one_line
from labtool.services.slack_body import REFUSED_BLOCKS, body_of, without_blocks
from labtool.services.slack_client import Client
from labtool.services.slack_find import find
from labtool.services.slack_rooms import Rooms
from labtool.services.slack_text import mrkdwn

# What a message may be posted to by its id; to a person's goes their DM.
_PLACE_ID = ("C", "G", "D", "U", "W")
_CHANNEL_PAGES = 50
# Seconds that somebody who has others to answer waits for one call that is tried again.
_IMPATIENT = 5.0
_GONE = ("user_not_found", "users_not_found", "user_disabled", "user_not_visible")


class IdCache(Protocol):
    """Where Slack's ids are kept between runs, by kind (`user`, `channel`) and name."""

    def get(self, kind: str, key: str) -> str | None:
        """The id that was put; None or empty if there is none."""

    def put(self, kind: str, key: str, value: str) -> None:
        """Keep an id; an empty one is forgotten."""


class Slack:
    """Sends messages as a Slack app. `people` are those whom a message may mention."""

    name: str = "slack"

    def __init__(self, settings: Settings, token: str, ids: IdCache, people: People) -> None:
        seconds = settings.timeout / timedelta(seconds=1)
        self._client = Client(token, settings.base_url, seconds)
        self._impatient = Client(token, settings.base_url, seconds, _IMPATIENT)
        self._pace = settings.pace / timedelta(seconds=1)
        self._ids = ids
        self._people = people
        self._direct: dict[str, str] = {}
        self._next: dict[str, float] = {}

    def auth_test(self) -> str:
        """Prove the token with one harmless call: `team / bot`. Raises as `Client.call`."""
        reply = self._client.call("auth.test")
        return one_line(f"{reply.get('team', '?')} / {reply.get('user', '?')}")

    @property
    def rooms(self) -> Rooms:
        """Its channels, people and tabs, for who is in them all the time."""
        return Rooms(self._impatient, self._channel)

    def address(self, person: Person | None, channel: str) -> Address | None:
        """The DM with a person, or a channel; None for a person with neither a Slack id nor
        a mail address.

        Raises Failed for who or what is not there, AccessDenied and Temporary.
        """
        try:
            if person is None:
                return Address(self._channel(channel), channel)
            if not person.slack and not person.email:
                return None
            return Address(self._conversation(person), f"@{person.name}")
        except AccessDenied as error:
            if error.code == "missing_scope":
                # Only who must be looked up meets this; the others can be reached.
                raise Failed(
                    error.what, where=error.where, fix=error.fix, code=error.code
                ) from error
            raise

    def member(self, person: Person) -> str:
        """A person's Slack id: from the people's list, else found by mail address and kept.

        Raises Failed when no member has the address.
        """
        return person.slack or self._ids.get("user", person.email) or self._look_up(person)

    def publish_home(self, person: Person, blocks: Sequence[dict[str, Any]]) -> None:
        """Show these blocks on a person's Home tab of the app, in place of what was there.
        Raises as `Client.post`."""
        view = {"type": "home", "blocks": list(blocks)}
        self._client.post("views.publish", {"user_id": self.member(person), "view": view})

    def _look_up(self, person: Person) -> str:
        try:
            reply = self._client.call("users.lookupByEmail", email=person.email)
        except Failed as error:
            if error.code in _GONE:
                raise _nobody(person, "has no Slack account", person.email) from error
            raise
        user = reply["user"]
        if user.get("deleted"):
            raise _nobody(person, "has a deactivated Slack account", person.email)
        found = str(user["id"])
        self._ids.put("user", person.email, found)
        return found

    def _conversation(self, person: Person) -> str:
        """The id of the DM with a person."""
        known = person.slack or self._ids.get("user", person.email)
        member = known or self._look_up(person)
        if member not in self._direct:
            try:
                self._direct[member] = self._open(person, member)
            except Failed as error:
                if error.code != "no_member" or person.slack or not known:
                    raise
                # What was kept may be of an account that was replaced since.
                self._ids.put("user", person.email, "")
                member = self._look_up(person)
                self._direct[member] = self._open(person, member)
        return self._direct[member]

    def _open(self, person: Person, member: str) -> str:
        try:
            reply = self._client.call("conversations.open", users=member)
        except Failed as error:
            if error.code in _GONE:
                disabled = error.code == "user_disabled"
                what = "has a deactivated Slack account" if disabled else "has no Slack account"
                raise _nobody(person, what, member) from error
            raise
        return str(reply["channel"]["id"])

    def _channel(self, channel: str) -> str:
        """The id of `#name`; an id as it is."""
        name = channel.removeprefix("#").casefold()
        if not channel.startswith("#") and channel.startswith(_PLACE_ID) and channel.isupper():
            return channel
        found = self._ids.get("channel", name) or self._find_channel(name)
        if not found:
            raise Failed(
                f"there is no channel #{name} that the bot can see",
                where="Slack",
                fix="check its name, or invite the bot to it if it is private",
                code="channel_not_found",
            )
        return found

    def _find_channel(self, name: str) -> str:
        cursor = ""
        for _ in range(_CHANNEL_PAGES):
            reply = self._client.call(
                "conversations.list",
                types="public_channel,private_channel",
                exclude_archived=True,
                limit=1000,
                cursor=cursor,
            )
            for channel in reply["channels"]:
                if str(channel.get("name", "")).casefold() == name:
                    found = str(channel["id"])
                    self._ids.put("channel", name, found)
                    return found
            cursor = (reply.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        return ""

    def send(self, address: Address, message: Message, thread: Receipt | None) -> Receipt:
        """Post once. Raises Failed, AccessDenied, Temporary (not posted) and Unknown."""
        self._keep_pace(address.value)
        if message.file_text and not message.blocks:
            return self._upload(address, message, thread)
        body = body_of(address, message, thread, self._mention)
        try:
            reply = self._client.post("chat.postMessage", body)
        except Failed as error:
            if error.code in REFUSED_BLOCKS and message.blocks:
                # It was not posted. What it is to say matters more than how.
                return self.send(address, without_blocks(message, error), thread)
            if error.code in ("channel_not_found", "is_archived"):
                # The name may belong to another channel by now: look it up next time.
                self._ids.put("channel", address.label.removeprefix("#").casefold(), "")
            error.where = f"Slack {address.label}"
            raise
        return Receipt(str(reply.get("channel") or address.value), str(reply["ts"]))

    def _upload(self, address: Address, message: Message, thread: Receipt | None) -> Receipt:
        from labtool.services.slack_files import upload  # brings a client of its own

        under = thread.id if thread else ""
        text = mrkdwn(message.text, self._mention)
        name, content = message.file_name or "text.txt", message.file_text
        return upload(self._client, address, name, content, text, under)

    def _mention(self, key: str) -> str:
        """The Slack id of a person who is mentioned; empty where there is none."""
        person = self._people.get(key)
        if person is None or not (person.slack or person.email):
            return ""
        # A mention that cannot be made is a name; the message matters more.
        with suppress(Failed):
            return self.member(person)
        return ""

    def _keep_pace(self, place: str) -> None:
        """Wait until the place may have another message."""
        wait = self._next.get(place, 0.0) - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        self._next[place] = time.monotonic() + self._pace

    def find(self, address: Address, key: str, since: float) -> Receipt | None:
        """The message with this key, posted after `since` (Unix seconds), threads included.

        Raises Failed with code `cannot_ask` where the app may not read, else as
        `Client.call`.
        """
        return find(self._client, address, key, since)


def _nobody(person: Person, what: str, how: str) -> Failed:
    return Failed(
        f"{person.name} {what} ({how})",
        where="Slack",
        fix="correct the people's list: slack, email, or the last day (to)",
        code="no_member",
    )
