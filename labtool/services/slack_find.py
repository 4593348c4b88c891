"""Whether a message with a certain key stands in a Slack conversation."""

from collections.abc import Iterable, Iterator
from typing import Any

from labtool.core.errors import Failed
from labtool.core.messages import Address, Receipt
from labtool.services.slack_client import Client

# Slack's clock and ours may differ by this much.
_SKEW = 60.0
# A thread that is answered may have begun this long before.
_THREADS_BACK = 14 * 86400.0
_PAGES = 50
_PAGE = 200
_NOT_OURS_TO_READ = ("missing_scope", "not_in_channel", "channel_not_found", "is_archived")


def find(client: Client, address: Address, key: str, since: float) -> Receipt | None:
    """The message's receipt, or None when it certainly is not there.

    Raises Failed with code `cannot_ask` where the app may not read the conversation or too
    much was said since, else as `Client.call`.
    """
    oldest = since - _SKEW
    try:
        found = _with_key(_history(client, address, oldest), key)
        if found:
            return Receipt(address.value, found)
        threads = [
            str(message["ts"])
            for message in _history(client, address, oldest - _THREADS_BACK)
            if message.get("reply_count")
            and _seconds(message.get("latest_reply", oldest)) >= oldest
        ]
        for thread in threads:
            replies = _pages(client, "conversations.replies", address, oldest, ts=thread)
            found = _with_key(replies, key)
            if found:
                return Receipt(address.value, found)
    except Failed as error:
        if error.code in _NOT_OURS_TO_READ:
            raise Failed(error.what, where=error.where, fix=error.fix, code="cannot_ask") from error
        raise
    return None


def _with_key(messages: Iterable[dict[str, Any]], key: str) -> str:
    return next((str(m["ts"]) for m in messages if _key(m) == key), "")


def _history(client: Client, address: Address, oldest: float) -> Iterator[dict[str, Any]]:
    return _pages(client, "conversations.history", address, oldest)


def _pages(
    client: Client, method: str, address: Address, oldest: float, **args: str
) -> Iterator[dict[str, Any]]:
    """The messages of a conversation or thread after `oldest`."""
    cursor = ""
    for _ in range(_PAGES):
        reply = client.call(
            method,
            channel=address.value,
            oldest=f"{max(0.0, oldest):.6f}",
            limit=_PAGE,
            include_all_metadata=True,
            cursor=cursor,
            **args,
        )
        # A thread comes with its first message, however old that is.
        yield from (m for m in reply["messages"] if _seconds(m.get("ts")) >= oldest)
        cursor = (reply.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return
    raise Failed(
        f"more than {_PAGES * _PAGE} messages were posted since",
        where=f"Slack {address.label}",
        code="cannot_ask",
    )


def _key(message: dict[str, Any]) -> str:
    """The key that a message of ours carries."""
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    return str(payload.get("key", "")) if metadata.get("event_type") == "labtool" else ""


def _seconds(ts: object) -> float:
    try:
        return float(str(ts))
    except ValueError:
        return 0.0
