"""The file that a namespace's jobs find in their folder: fetched before each run."""

import hashlib
import hmac
from pathlib import Path

from labtool.core.errors import Failed
from labtool.core.files import make_folder, write_atomic
from labtool.tasks.jobs.section import NamespaceOptions

NAME = "fabfile.py"
_SECONDS, _LARGEST = 30.0, 5 * 1024 * 1024


def fetch(namespace: NamespaceOptions, folder: Path) -> None:
    """Fetch it, where the namespace names one, and hold it against its SHA-256, where that is
    given. Raises as the download, and Failed for another file than it should be."""
    if not namespace.fabfile:
        return
    from labtool.services.http import get

    content = get(namespace.fabfile, _SECONDS, _LARGEST).body
    wanted = namespace.fabfile_sha256
    if wanted and not hmac.compare_digest(hashlib.sha256(content).hexdigest(), wanted):
        fix = "correct fabfile_sha256, once you know why it is another"
        raise Failed("is not the file it should be", where=namespace.fabfile, fix=fix)
    write_atomic(make_folder(folder) / NAME, content)
