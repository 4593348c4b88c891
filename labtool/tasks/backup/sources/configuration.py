"""Where programs keep their configuration: that of Debian's packages, and labtool's own."""

from pathlib import Path

from labtool.core.config import Config
from labtool.core.errors import Failed

_FOLDERS = {
    "apache2": (Path("/etc/apache2"), Path("/etc/httpd")),
    "nginx": (Path("/etc/nginx"), Path("/usr/local/etc/nginx")),
}
# Of labtool's state, what is of no use elsewhere: locks, logs, what is known of backups.
STATE_WITHOUT = ("*.lock", "/logs/", "/backup/", "/locks/", "*.db-wal", "*.db-shm")


def folder(program: str) -> Path:
    """A program's folder. Raises Failed where it has none."""
    for path in _FOLDERS[program]:
        if path.is_dir():
            return path
    where = " or ".join(map(str, _FOLDERS[program]))
    fix = f"take {program} out of configuration:, or name its folder in paths:"
    raise Failed("is not there", where=where, fix=fix, code="no_source")


def own_files(config: Config, *, secrets: bool) -> list[Path]:
    """The config, and the secrets beside it where they may be saved."""
    found = [config.path]
    env = config.base / ".env"
    if secrets and env.is_file():
        found.append(env)
    return found


def own_databases(config: Config) -> list[Path]:
    """The databases of the state."""
    return sorted(path for path in config.state.glob("*.db") if path.is_file())
