"""Sending what the outbox holds: each message once, through the first channel that works.

One process sends at a time (a lock of the state folder). A message is marked before it is
sent and settled after; one whose outcome is unknown is settled by asking the channel, once
anything still under way must have arrived.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from traceback import format_exception

from labtool.core.config.models import Outbox as Settings
from labtool.core.errors import AccessDenied, ConfigError, Failed, LabtoolError, Temporary, Unknown
from labtool.core.lock import hold
from labtool.core.log import write_bug
from labtool.core.messages import Address, Message, Receipt, Recipient, Sender
from labtool.core.outbox import TOO_LATE, Entry, Outbox
from labtool.core.people import People, Person

# What errors of messages are about; and of a channel, with its name.
OUTBOX = "outbox"
_CHANNEL = "sending by "

# A day: the machine's clock and the channel's may differ, and a key is looked for, which no
# other message has.
_CLOCKS_DIFFER = 86400

# Seconds; who asks for a longer pause is asked again after this one.
_LONGEST_PAUSE = 3600.0

# Longer than any sender takes for one message, its own waiting included.
_SEND_SECONDS = 120


@dataclass(slots=True)
class Post:
    """How messages leave: the senders by name, who people are, and in which order a
    recipient without a wish of their own is reached."""

    senders: Mapping[str, Sender]
    people: People
    order: Sequence[str]

    def ways(self, to: Recipient) -> list[Sender]:
        """The senders for a recipient, first choice first."""
        person = self.people.get(to.name) if to.kind == "person" else None
        names = person.channels if person and person.channels else self.order
        return [self.senders[name] for name in names if name in self.senders]

    def address(self, sender: Sender, to: Recipient) -> Address | None:
        """Where a sender reaches a recipient. Raises Failed for somebody unknown."""
        if to.kind == "channel":
            return sender.address(None, to.name)
        if to.kind == "address":
            return sender.address(Person(to.name, to.name, email=to.name), "")
        person = self.people.get(to.name)
        if person is None:
            raise Failed(f"{to.name} is not among the lab's people any more", code="gone")
        return sender.address(person, "")


@dataclass(slots=True)
class Delivery:
    """What one delivery did: how many messages in each state, and what went wrong.
    `standing` is what went wrong with messages that still wait for an admin, then or now;
    `looked_at` are the topics of errors that it would have met.
    """

    counts: dict[str, int] = field(default_factory=dict)
    errors: list[LabtoolError] = field(default_factory=list)
    standing: list[Failed] = field(default_factory=list)
    looked_at: set[str] = field(default_factory=lambda: {OUTBOX})

    def count(self, state: str) -> None:
        """One more message in this state."""
        self.counts[state] = self.counts.get(state, 0) + 1


def deliver(
    outbox: Outbox,
    post: Callable[[], Post],
    settings: Settings,
    folder: Path,
    *,
    only: Callable[[Message], bool] = lambda message: True,
    today: date | None = None,
) -> Delivery:
    """Send what waits and settle what is unknown; `post` is called when there is anything.
    What is of no use any more `today` (the lab's day) is dropped.

    Expected errors do not stop it: they are in the result, and the messages stay.
    """
    done = Delivery()
    with hold(folder, "outbox", wait=True):
        outbox.orphans_become_unknown()
        unsure = [e for e in outbox.entries(("unknown",)) if only(e.message)]
        waiting = [e for e in outbox.entries(("waiting",)) if only(e.message)]
        if unsure or waiting:
            round_ = _Round(outbox, post(), settings, done, folder)
            round_.settle(unsure)
            _drop_late(outbox, only, today, done)
            round_.send([e for e in outbox.entries(("waiting",)) if only(e.message)])
            # Replies lost just now: ask once, and send again what is certainly not there.
            lost = set(round_.lost)
            if lost:
                round_.settle([e for e in outbox.entries(("unknown",)) if e.id in lost])
                round_.send([e for e in outbox.entries(("waiting",)) if e.id in lost])
                for error in round_.lost.values():
                    done.count("unknown")
                    done.errors.append(error)
        outbox.prune(settings.keep)
        done.standing = [_unsendable(e, e.error) for e in outbox.entries(("failed",))]
        unknown = (e for e in outbox.entries(("unknown",)) if e.error == _CANNOT_ASK)
        done.standing += [_unsettled(e) for e in unknown]
    return done


def _drop_late(
    outbox: Outbox, only: Callable[[Message], bool], today: date | None, done: Delivery
) -> None:
    """A wish or a `tomorrow` that waited too long is better not said."""
    for entry in outbox.entries(("waiting",)):
        useful = entry.message.useful_until
        if today and useful and useful < today and only(entry.message):
            outbox.settle(entry, "dropped", f"{TOO_LATE}: it was of use until {useful}")
            done.count(TOO_LATE)


class _Round:
    """One pass over the messages, with what it learned on the way."""

    def __init__(
        self, outbox: Outbox, post: Post, settings: Settings, done: Delivery, folder: Path
    ) -> None:
        self.outbox, self.post, self.settings, self.done = outbox, post, settings, done
        self._folder = folder
        self.lost: dict[int, Unknown] = {}
        self._refused: dict[str, AccessDenied | ConfigError] = {}

    def settle(self, entries: Sequence[Entry]) -> None:
        """Ask the channels what became of messages of unknown outcome."""
        entries = [e for e in entries if e.address and e.via in self.post.senders]
        entries = [e for e in entries if e.error != _CANNOT_ASK]
        if not entries:
            return
        self._wait_until_sure(entries)
        for entry in entries:
            assert entry.address is not None
            try:
                since = (entry.attempted or entry.created) - _CLOCKS_DIFFER
                found = self.post.senders[entry.via].find(entry.address, entry.message.key, since)
            except Failed as error:
                if error.code == "cannot_ask":
                    self.outbox.settle(entry, "unknown", _CANNOT_ASK)
                    self._note("unknown", _unsettled(entry))
                else:
                    self._note("unknown", error)
            except LabtoolError as error:
                self._note("unknown", error)
            except Exception as error:  # noqa: BLE001  (one channel's bug must not stop the others)
                self._bug(entry.via, error)
                self.done.count("unknown")
            else:
                if found:
                    self.outbox.sent(entry, found)
                    self.done.count("sent")
                else:
                    self.outbox.settle(entry, "waiting")

    def _wait_until_sure(self, entries: Sequence[Entry]) -> None:
        settle = self.settings.settle_after.total_seconds()
        newest = max(e.attempted or e.created for e in entries)
        left = min(settle, newest + _SEND_SECONDS + settle - time.time())
        if left > 0:
            time.sleep(left)

    def send(self, entries: Sequence[Entry]) -> None:
        """Send each message through the first of its recipient's channels that works."""
        self.lost = {}
        for entry in entries:
            now = time.time()
            # One that is later than any pause was noted while the clock was wrong.
            if entry.next_try and now < entry.next_try <= now + _LONGEST_PAUSE:
                self.done.count("waiting")
                continue
            self._send(entry)

    def _send(self, entry: Entry) -> None:
        reasons: list[LabtoolError] = []
        ways = self.post.ways(entry.message.to)
        if entry.message.urgent:
            # What lost it before is asked last.
            ways.sort(key=lambda sender: sender.name == entry.via)
        for sender in ways:
            try:
                self._through(entry, sender)
            except Unknown as error:
                self.outbox.settle(entry, "unknown", str(error))
                self.lost[entry.id] = error
                return
            except (AccessDenied, ConfigError, Temporary) as error:
                reasons.append(error)
                if isinstance(error, Temporary) and not entry.message.urgent:
                    break
            except Failed as error:
                reasons.append(error)
            else:
                self.done.count("sent")
                return
        self._not_sent(entry, reasons)

    def _through(self, entry: Entry, sender: Sender) -> None:
        """Send through one channel, or raise why not."""
        if sender.name in self._refused:
            raise self._refused[sender.name]
        claimed = False
        try:
            address = self.post.address(sender, entry.message.to)
            if address is None:
                raise Failed(f"{sender.name} has no way to reach {entry.message.to.name}")
            self.outbox.claim(entry, sender.name, address)
            claimed = True
            receipt = sender.send(address, entry.message, self._thread(entry, sender))
        except (AccessDenied, ConfigError) as error:
            # An error even where another channel takes the message.
            self._refused[sender.name] = error
            error.topic = _CHANNEL + sender.name
            self.done.errors.append(error)
            raise
        except (Temporary, Unknown) as error:
            error.topic = _CHANNEL + sender.name
            raise
        except LabtoolError:
            raise
        except Exception as error:  # noqa: BLE001  (one channel's bug must not stop the others)
            found = self._bug(sender.name, error)
            if not claimed or entry.message.urgent:
                raise found from None  # an alert twice is better than none
            maybe = Unknown(found.what, fix=found.fix, code=found.code)
            maybe.topic = found.topic
            raise maybe from None
        self.done.looked_at.add(_CHANNEL + sender.name)
        self.outbox.sent(entry, receipt)

    def _bug(self, channel: str, error: Exception) -> AccessDenied:
        """What a channel's bug means for it in this round: nothing more goes through it."""
        name = type(error).__name__
        path = write_bug(self._folder, "".join(format_exception(error)))
        found = AccessDenied(
            f"labtool has a bug in sending by {channel}: {name}",
            fix=f"please report it with {path}" if path else "please report it",
            code=f"bug_{name}",
        )
        found.topic = _CHANNEL + channel
        self._refused[channel] = found
        self.done.errors.append(found)
        return found

    def _thread(self, entry: Entry, sender: Sender) -> Receipt | None:
        if entry.message.under and sender.name == "slack":
            return Receipt("", entry.message.under)
        if not entry.message.thread:
            return None
        found = self.outbox.receipt(entry.message.thread)
        return found[1] if found and found[0] == sender.name else None

    def _not_sent(self, entry: Entry, reasons: Sequence[LabtoolError]) -> None:
        """Nothing left the machine: wait if time or an admin may help, else it failed."""
        why = "; ".join(str(reason) for reason in reasons) or "no channel is set up"
        may_help = [r for r in reasons if isinstance(r, Temporary | AccessDenied | ConfigError)]
        age = time.time() - entry.created
        if may_help and age < self.settings.retry_for.total_seconds():
            pauses = [r.retry_after or 0.0 for r in may_help if isinstance(r, Temporary)]
            pause = min(max(pauses, default=0.0), _LONGEST_PAUSE)
            self.outbox.settle(entry, "waiting", why, time.time() + pause if pause else None)
            self.done.count("waiting")
            self.done.errors += may_help
            return
        self._note("failed", _unsendable(entry, why))
        self.outbox.settle(entry, "failed", why)

    def _note(self, state: str, error: LabtoolError) -> None:
        self.done.count(state)
        self.done.errors.append(error)


_CANNOT_ASK = "the channel cannot be asked whether it arrived"


def _unsendable(entry: Entry, why: str) -> Failed:
    to = entry.message.to.name
    return _about_outbox(
        f"message {entry.id} to {to} cannot be sent: {why}",
        f"mend it, then: labtool outbox retry {entry.id}",
        f"unsendable_{to}",
    )


def _unsettled(entry: Entry) -> Failed:
    return _about_outbox(
        f"whether message {entry.id} to {entry.message.to.name} arrived is not known",
        f"ask, then: labtool outbox retry {entry.id} (or drop {entry.id})",
        f"unknown_{entry.id}",
    )


def _about_outbox(what: str, fix: str, code: str) -> Failed:
    error = Failed(what, fix=fix, code=code)
    error.topic = OUTBOX
    return error
