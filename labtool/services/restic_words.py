"""restic's addresses and complaints, as labtool repeats them: without the password that an address
may have (`rest:https://user:password@host/`), and as errors of our own.
"""

import json
import re
from urllib.parse import unquote

from labtool.core.errors import AccessDenied, Failed, LabtoolError, Temporary
from labtool.core.masking import conceal, retold

LOCKED = "restic_locked"

# A password that nobody escaped may have any character: it ends at the last @.
_WORD = re.compile(
    r"([a-z0-9]+:(?:(?:[a-z0-9+]+:)?//)?[^:@/]*:)(?!//)(.+)(@[^@]*)", re.IGNORECASE | re.DOTALL
)
_REFUSED = ("(401)", "(403)", "access denied", "accessdenied", "permission denied (")
_AWAY = (
    "dial tcp", "connection refused", "connection reset", "connection closed", "timeout",
    "timed out", "no such host", "could not resolve", "network is unreachable",
    "no route to host", "response (5", "unexpected eof", "start the sftp session",
)  # fmt: skip
_MISSING = ("does not exist", "doesn't exist", "no such file", "not found", "(404)")


class Address:
    """Where a repository is; `shown` is that for messages. The password in it is concealed."""

    def __init__(self, repository: str) -> None:
        self._repository = repository
        self._words: tuple[str, ...] = ()
        self.shown = repository
        if found := _WORD.fullmatch(repository):
            self._words = (found[2], unquote(found[2]))
            self.shown = f"{found[1]}***{found[3]}"
        for word in self._words:
            conceal(word)
        self.shown = retold(self.shown)

    def hidden(self, text: str) -> str:
        """What restic said, without the password, however short that is."""
        text = text.replace(self._repository, self.shown)
        for word in self._words:
            text = text.replace(f":{word}@", ":***@")
        return text


def known(status: int, said: str, where: str, address: Address) -> LabtoolError:
    """The error that a status and complaints of restic's are."""
    said = address.hidden(said)
    lines = [_plain(line) for line in said.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith("Fatal")] or lines[-1:]
    # The name of a repository is no complaint.
    bare = [line.replace(address.shown, "") for line in lines]
    low = "\n".join(bare).lower()
    last = _shortened(fatal[-1] if fatal else "")
    if "wrong password" in low or status == 12:
        fix = "check password: of the set"
        return AccessDenied("refuses the password", where=where, fix=fix, code="restic_password")
    if "parsing repository location" in low:
        # It repeats the address in pieces.
        fix = "write %40 for @, %23 for #, %2F for / in its password, or see restic's manual"
        what = "cannot read the address of the repository"
        return Failed(what, where=where, fix=fix, code="restic_address")
    if reason := _first(bare, _REFUSED):
        fix = "check the account in repository: or environment:"
        return AccessDenied(f"is refused: {reason}", where=where, fix=fix, code="restic_account")
    if reason := _first(bare, _AWAY):
        return Temporary(f"cannot be reached: {reason}", where=where, code="restic")
    if "already locked" in low or status == 11:
        return Temporary("is in use by another restic", where=where, code=LOCKED)
    if "is there a repository" in low or status == 10:
        why = "" if status == 10 or any(one in low for one in _MISSING) else f" to be read: {last}"
        fix = "mount its disk; a new one is made by: restic init, with the same repository"
        return Failed(f"there is no repository{why}", where=where, fix=fix, code="no_repository")
    last = last or f"ended with status {status}"
    return Failed(last, where=where, fix="try it by hand", code="restic")


def _first(lines: list[str], words: tuple[str, ...]) -> str:
    found = (line for line in lines if any(word in line.lower() for word in words))
    return _shortened(next(found, ""))


def _shortened(line: str) -> str:
    return retold(line.removeprefix("Fatal: "), 300)


def _plain(line: str) -> str:
    """A complaint; newer versions have their last one as JSON."""
    try:
        return str(json.loads(line)["message"]) if line.startswith("{") else line
    except (ValueError, KeyError, TypeError):
        return line
