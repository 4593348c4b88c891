"""Telling the admins that the state folder cannot be used: without outbox and ledger.

They hear of it once a day. A channel that can be asked is asked whether it said so already;
for the others an empty file in a folder of the machine's temporary files is the memory.
"""

import hashlib
import os
import stat
import tempfile
import time
from pathlib import Path

from labtool.core.database import Database
from labtool.core.delivery import Post
from labtool.core.errors import Failed, LabtoolError, StateError, Unknown
from labtool.core.files import expand
from labtool.core.log import complain, remove_old
from labtool.core.messages import Address, Message, Recipient, Sender
from labtool.core.task import Task

_DAY = 86400


def tell_without_state(task: Task, error: StateError) -> None:
    """Tell each admin through the first of their channels that works."""
    day = task.clock.today()
    text = f"{task.config.core.lab.name}: labtool {task.scope} cannot run: {error}"
    try:
        database = Database.blank()
        post, admins = task.connect(database), task.admins(database)
    except LabtoolError as failure:
        complain(f"the admins could not be told: {failure}")
        return
    for to in admins:
        key = f"state:{task.config.path}:{day}:{error.code}:{to}"
        _tell(post, to, Message(key, to, text, day, subject=text[:100], urgent=True))
    if not admins:
        complain("nobody hears of this: lab.admins names nobody that is known")


def _tell(post: Post, to: Recipient, message: Message) -> None:
    failures: list[str] = []
    for sender in post.ways(to):
        if sender.name == "console":
            return  # who looks there has read it already
        try:
            address = post.address(sender, to)
            if address is None:
                continue
            _say(sender, address, message)
        except (LabtoolError, OSError) as failure:
            failures.append(str(failure))
        else:
            return
    why = "; ".join(failures) or "no channel reaches them"
    complain(f"{to.name} could not be told: {why}")


def _say(sender: Sender, address: Address, message: Message) -> None:
    """Send it unless that was done today. Raises OSError where nothing can remember that."""
    try:
        if sender.find(address, message.key, time.time() - _DAY) is None:
            sender.send(address, message, None)
        return
    except Failed as error:
        if error.code != "cannot_ask":
            raise
    mark = _folder() / hashlib.sha256(message.key.encode()).hexdigest()[:32]
    try:
        mark.touch(0o600, exist_ok=False)
    except FileExistsError:
        return
    try:
        sender.send(address, message, None)
    except Unknown:
        raise
    except BaseException:
        mark.unlink(missing_ok=True)
        raise


def _folder() -> Path:
    """A folder of ours alone, or else a new one without memory: better told twice than never."""
    ours = Path(tempfile.gettempdir()) / f"labtool-{_user()}"
    for folder in (ours, expand("~/.cache/labtool")):
        if _is_private(folder):
            remove_old(folder, 2 * _DAY)
            return folder
    return Path(tempfile.mkdtemp(prefix="labtool-"))


def _is_private(folder: Path) -> bool:
    """Whether the folder is there, or can be made, and nobody else may write to it."""
    try:
        folder.parent.mkdir(exist_ok=True)
        folder.mkdir(0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return False
    if not hasattr(os, "getuid"):
        return stat.S_ISDIR(found.st_mode)  # Windows' own temporary folder is the user's alone
    mine = found.st_uid == os.getuid() and not found.st_mode & 0o077
    return stat.S_ISDIR(found.st_mode) and mine


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else "own"
