"""A database of a set."""

from urllib.parse import quote

from labtool.services.databases import Server
from labtool.tasks.backup.archive import Archive
from labtool.tasks.backup.manifest import CHANGED, Dump

_ENDINGS = {"mysql": "sql", "postgresql": "dump"}


class Database:
    """A database of a server, with what its tables held then, or before and after, where nobody
    else can see what the dump sees. Raises as the server."""

    def __init__(self, server: Server, kind: str, name: str) -> None:
        self._server, self._kind, self._name = server, kind, name

    def add(self, archive: Archive) -> None:
        """As every source's."""
        file = quote(self._name, safe=" @+,=()").replace(".", "%2e")
        path = f"databases/{self._kind}/{file}.{_ENDINGS[self._kind]}"
        engine = self._server.version()
        with self._server.moment(self._name) as moment:
            before = moment.fingerprints()
            archive.add_dump(path, moment.dump())
            after = before if moment.exact else moment.fingerprints()
        tables = {
            table: (found.rows, found.sum if after[table] == found else CHANGED)
            for table, found in before.items()
            if table in after
        }
        changed = {table: after[table].rows for table in tables if tables[table][1] == CHANGED}
        scheduled = self._server.scheduled(self._name)
        late = ""
        if scheduled is not None:
            late = f"databases/{self._kind}/{file}.events.{_ENDINGS[self._kind]}"
            archive.add_dump(late, scheduled)
        archive.dumps.append(Dump(path, self._kind, self._name, engine, tables, late, changed))
