"""The lab's sheets, wherever they are: CSV files, published CSVs, Google spreadsheets."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from labtool.core.config import Config
from labtool.core.config.models import Sheet
from labtool.core.config.types import show_duration
from labtool.core.errors import Failed, LabtoolError, StateError, Temporary
from labtool.core.tables import Grid, require
from labtool.core.text import clean
from labtool.services import csvtext
from labtool.services.copies import Copies, aged

if TYPE_CHECKING:
    from labtool.services.google_sheets import GoogleSheets


class Sheets:
    """Reads the sheets of a config, each once a run.

    With `copies` (a folder) the last good copy of each serves while its source does not,
    for `stale_after`; `keep` false reads the copies and writes none; `online` false
    fetches nothing; `strict` lets a copy serve only for what is not fetched. What went wrong
    although a grid was returned is in `troubles`.
    """

    def __init__(
        self,
        config: Config,
        copies: Path | None,
        *,
        keep: bool = True,
        online: bool = True,
        strict: bool = False,
    ) -> None:
        self.troubles: list[LabtoolError] = []
        self._config = config
        self._copies = Copies(copies, keep=keep) if copies else None
        self._grids: dict[str, Grid] = {}
        self._online = online
        self._strict = strict
        self._google: GoogleSheets | None = None

    def __contains__(self, name: str) -> bool:
        return name in self._config.core.sheets

    def read(self, name: str, columns: Iterable[str] = ()) -> Grid:
        """The sheet of this name, or its last good copy with the reason why. One without
        `columns` is not good.

        Raises Failed for a sheet that is not in the config, or is broken, and Temporary
        where the network failed; both only when no copy may serve.
        """
        if name not in self._grids:
            self._grids[name] = self._read(name, self._sheet(name), tuple(columns))
        return self._grids[name]

    def probe(self, name: str) -> Grid:
        """The sheet as its source has it now; no copy serves or is kept. Raises as `read`."""
        sheet = self._sheet(name)
        return Grid(name, self._source(sheet), self._fetch(name, sheet), datetime.now(UTC))

    def _sheet(self, name: str) -> Sheet:
        sheets = self._config.core.sheets
        if name not in sheets:
            known = ", ".join(sheets) or "none"
            raise Failed(
                f"there is no sheet {name} in the config (there are: {known})",
                fix=f"add {name}: under sheets:",
                code=f"no_sheet_{name}",
            )
        return sheets[name]

    def _read(self, name: str, sheet: Sheet, columns: tuple[str, ...]) -> Grid:
        identity = f"{sheet.csv}|{sheet.google}|{sheet.tab}"
        try:
            grid = self.probe(name)
            require(grid, columns)
        except (Failed, Temporary) as error:
            error.topic = topic(name)
            if self._strict and error.code != "offline":
                raise
            return self._copy(name, sheet, identity, error)
        if self._copies:
            try:
                self._copies.put(grid, identity)
            except StateError as error:
                self.troubles.append(error)
        return grid

    def _copy(self, name: str, sheet: Sheet, identity: str, error: LabtoolError) -> Grid:
        """The last good copy, or `error` where none may serve."""
        copy = self._copies.get(name, identity) if self._copies else None
        if copy is None:
            raise error
        age = datetime.now(UTC) - copy.fetched_at
        taken = copy.fetched_at.astimezone(self._config.core.lab.timezone)
        if age > sheet.stale_after:
            error.what += (
                f"; the last good copy is {show_duration(age)} old, more than stale_after"
                f" ({show_duration(sheet.stale_after)})"
            )
            raise error
        error.what += f"; the copy of {taken:%Y-%m-%d %H:%M} is used"
        self.troubles.append(error)
        return aged(copy, error.what)

    def _source(self, sheet: Sheet) -> str:
        if sheet.google:
            return f"Google {sheet.google}" + (f", tab {sheet.tab}" if sheet.tab else "")
        if _is_url(sheet.csv):
            from labtool.services.http import shown

            return shown(sheet.csv)
        return sheet.csv

    def _fetch(self, name: str, sheet: Sheet) -> tuple[tuple[str, ...], ...]:
        where = f"sheet {name} ({self._source(sheet)})"
        if not self._online and (sheet.google or _is_url(sheet.csv)):
            raise Temporary("is not asked without --online", where=where, code="offline")
        seconds = sheet.timeout / timedelta(seconds=1)
        cells: Sequence[Sequence[str]]
        if sheet.google:
            cells = self._google_sheets().read(sheet.google, sheet.tab, where)
            if not any(any(cell.strip() for cell in row) for row in cells):
                raise Failed("is empty", where=where, fix="its first row must name the columns")
        else:
            content, content_type = self._bytes(sheet.csv, seconds, where)
            try:
                cells = csvtext.parse(content, content_type)
            except ValueError as error:
                what, _, fix = str(error).partition("; ")
                raise Failed(what, where=where, fix=fix, code=f"sheet_{name}") from None
        return tuple(tuple(clean(cell) for cell in row) for row in cells)

    def _bytes(self, csv: str, seconds: float, where: str) -> tuple[bytes, str]:
        if not _is_url(csv):
            return self._file(csv, where), ""
        from labtool.services import http

        try:
            page = http.get(csv, seconds)
        except LabtoolError as error:
            error.where = where
            raise
        return page.body, page.content_type

    def _file(self, csv: str, where: str) -> bytes:
        path = self._config.resolve(csv)
        try:
            if not path.is_file():
                what = "is not a file" if path.exists() else "does not exist"
                raise Failed(what, where=where, fix=f"check the path {path}", code="no_file")
            with path.open("rb") as file:
                return file.read(csvtext.LARGEST + 1)
        except OSError as error:
            what = f"cannot be read ({error.strerror})"
            raise Failed(what, where=where, fix=f"check {path}", code="no_file") from error

    def _google_sheets(self) -> "GoogleSheets":
        if self._google is None:
            from labtool.services.google_sheets import GoogleSheets

            settings = self._config.core.google
            if settings is None:
                fix = "add google: {credentials: {file: PATH}}"
                raise Failed("the config has no section google", fix=fix, code="no_google")
            self._google = GoogleSheets(settings)
        return self._google


def topic(name: str) -> str:
    """What errors of a sheet are about, whoever reads it."""
    return f"sheet {name}"


def _is_url(csv: str) -> bool:
    scheme, found, _ = csv.partition("://")
    return bool(found) and scheme.isalpha()
