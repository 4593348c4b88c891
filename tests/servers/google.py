"""Google Sheets, read only, behind a service account: the package `backlot`.

It verifies the RS256 assertion of the account's key, and serves spreadsheets as Google does
(open by key, metadata, values, 400 and 404). It reads them from a database that is filled
before it starts; a few empty ones are, and a test writes into the next free one. Unlike
Google, every account sees every spreadsheet: a 403 has to be injected.
"""

import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Self

from tests.servers.proxy import Proxy

TOKEN = "admin-service-token"  # what backlot gives to a service account

Cell = str | int | float | bool | None
_SPREADSHEETS = 8


class Google:
    """Spreadsheets and the token endpoint, both behind `proxy`."""

    def __init__(self) -> None:
        self.proxy = Proxy()
        self._stack = ExitStack()
        self._data = Path()
        self._keys: list[str] = []
        self._used = 0

    @property
    def sheets_url(self) -> str:
        """What a program takes for https://sheets.googleapis.com."""
        return self.proxy.url + "/sheets"

    def config(self, folder: Path) -> dict[str, Any]:
        """The sections of a labtool config that reach it; writes the key file they name."""
        key = self.write_key(folder / "google.json")
        return {"google": {"credentials": {"file": str(key)}, "sheets_url": self.sheets_url}}

    def env(self) -> dict[str, str]:
        """The secrets that `config` names: none."""
        return {}

    def write_key(self, path: Path) -> Path:
        """A service account's JSON key whose token endpoint is this server."""
        import yaml
        from backlot.oauth import Oauth  # type: ignore[import-untyped]  # it ships no types

        stored = yaml.safe_load((self._data / "credentials.yaml").read_text())
        key = Oauth(stored).service_account_json(self.proxy.url + "/oauth2/token")
        path.write_text(json.dumps(key))
        path.chmod(0o600)
        return path

    def spreadsheet(self, **tabs: Sequence[Sequence[Cell]]) -> str:
        """The key of a new spreadsheet with these tabs (name and rows of cells)."""
        assert self._used < len(self._keys), "a test may have eight spreadsheets"
        key = self._keys[self._used]
        self._used += 1
        self.write(key, tabs)
        return key

    def write(self, key: str, tabs: Mapping[str, Sequence[Sequence[Cell]]]) -> None:
        """Replace a spreadsheet's tabs."""
        from backlot.sheets_grid import (  # type: ignore[import-untyped]  # it ships no types
            normalise_grid,
        )
        from backlot.store import (  # type: ignore[import-untyped]  # it ships no types
            gdrive_replace_sheets,
        )

        rows = [
            (n, n * 1000, name, json.dumps(normalise_grid([list(row) for row in grid])))
            for n, (name, grid) in enumerate(tabs.items())
        ]
        with closing(sqlite3.connect(self._data / "db.sqlite", timeout=10)) as base, base:
            gdrive_replace_sheets(base, key, rows)

    def start(self) -> Self:
        """Fill the database, start backlot and the proxy."""
        os.environ["DO_NOT_TRACK"] = "1"
        import backlot  # type: ignore[import-untyped]  # it ships no types

        records = [
            {
                "source_type": "google_drive",
                "subtype": "spreadsheet",
                "doc_id": f"lab-sheet-{n}",
                "folder": "lab",
                "title": f"Lab {n}",
                "sheets": [{"title": "Sheet1", "grid": []}],
                "created": "2026-02-10T09:00:00Z",
                "updated": "2026-02-10T09:00:00Z",
                "author_email": "ann@lab.example",
                "visibility": "public",
            }
            for n in range(_SPREADSHEETS)
        ]
        server = self._stack.enter_context(backlot.serve(records, telemetry=False))
        assert server.data_dir is not None
        self._data = server.data_dir
        with closing(sqlite3.connect(self._data / "db.sqlite")) as base:
            found = base.execute(
                "SELECT id FROM gdrive_files WHERE title LIKE 'Lab %' ORDER BY title"
            )
            self._keys = [key for (key,) in found]
        self.proxy.upstream = server.base_url
        self.proxy.start()
        return self

    def stop(self) -> None:
        """End both."""
        self.proxy.stop()
        self._stack.close()

    def reset(self) -> None:
        """All spreadsheets are free again; requests and faults are forgotten."""
        for key in self._keys[: self._used]:
            self.write(key, {"Sheet1": []})
        self._used = 0
        self.proxy.reset()
