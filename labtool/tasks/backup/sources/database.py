"""A database of a set."""

from urllib.parse import quote

from labtool.services.databases import Server
from labtool.tasks.backup.archive import Archive
from labtool.tasks.backup.manifest import CHANGED, Dump

_ENDINGS = {"mysql": "sql", "postgresql": "dump"}


class Database:
    """A database of a server, with what its tables held before and after the dump. Raises as
    the server."""

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
        tables = {
            table: (found.rows, found.sum if after[table] == found else CHANGED)
            for table, found in before.items()
            if table in after
        }
        scheduled = self._server.scheduled(self._name)
        late = ""
        if scheduled is not None:
            late = f"databases/{self._kind}/{file}.events.{_ENDINGS[self._kind]}"
            archive.add_dump(late, scheduled)
        archive.dumps.append(Dump(path, self._kind, self._name, engine, tables, late))
