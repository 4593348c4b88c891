"""Who may read secrets, and whether the state is this account's."""

import os
import stat
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from labtool.core.config.secrets import Secret
from labtool.core.probe import Finding, Patient
from labtool.tasks.report.check import secrets_of

_MOST = 3


def probe(patient: Patient) -> Iterable[Finding]:
    """Files with secrets that others may read, and files of the state that are somebody else's."""
    config = patient.config
    named = [config.base / ".env", *_files(secrets_of([config.core, *patient.sections]))]
    open_ = 0
    for path in dict.fromkeys(named):
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if mode & 0o077:
            open_ += 1
            fix = f"chmod 600 {path}"
            yield Finding("bad", "permissions", f"others may read {path}", fix,
                          partial(_close, path))  # fmt: skip
    mode = config.state.stat().st_mode if config.state.exists() else 0
    if mode & 0o022:
        open_ += 1
        fix = f"chmod go-w {config.state}"
        yield Finding("bad", "permissions", f"others may write into {config.state}", fix,
                      partial(_guard, config.state))  # fmt: skip
    odd = [path for path in _state(config.state) if path.lstat().st_uid != os.geteuid()]
    for path in odd[:_MOST]:
        fix = "was labtool run by another account? chown it, and run it as one"
        yield Finding("warn", "permissions", f"{path} is another account's", fix)
    if not open_ and not odd:
        yield Finding("ok", "permissions", "secrets are this account's alone")


def _files(secrets: Iterable[Secret]) -> Iterator[Path]:
    for secret in secrets:
        if secret.file is not None:
            yield secret.file


def _state(folder: Path) -> Iterator[Path]:
    for name in ("labtool.db", "labtool.db-wal", "locks", "logs", "cache", "workflows.db"):
        path = folder / name
        if path.exists():
            yield path


def _guard(path: Path) -> str:
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o022)
    return f"only this account may write into {path} now"


def _close(path: Path) -> str:
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    return f"{path} is for this account alone now"
