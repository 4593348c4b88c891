"""A database of a set."""

from urllib.parse import quote

from labtool.services.databases import Server
from labtool.tasks.backup.archive import Archive
from labtool.tasks.backup.manifest import Dump

_ENDINGS = {"mysql": "sql", "postgresql": "dump"}


class Database:
    """A database of a server; what its tables hold is recorded where it was the same before
    and after the dump. Raises as the server."""

    def __init__(self, server: Server, kind: str, name: str) -> None:
        self._server, self._kind, self._name = server, kind, name

    def add(self, archive: Archive) -> None:
        """As every source's."""
        file = quote(self._name, safe=" @+,=()").replace(".", "%2e")
        path = f"databases/{self._kind}/{file}.{_ENDINGS[self._kind]}"
        engine = self._server.version()
        before = self._server.fingerprints(self._name)
        archive.add_dump(path, self._server.dump(self._name))
        after = self._server.fingerprints(self._name)
        same = {
            table: (found.rows, found.sum)
            for table, found in before.items()
            if after.get(table) == found
        }
        archive.dumps.append(Dump(path, self._kind, self._name, engine, same))
