"""Google Sheets, read through gspread's HTTP client with one request a sheet."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from labtool.core.config.models import Google
from labtool.core.errors import Failed, Temporary
from labtool.services.google import SHEETS_SCOPE, Account, explained, refusal
from labtool.services.retry import retrying

if TYPE_CHECKING:
    from gspread.http_client import HTTPClient
    from requests import Response

_API = "https://sheets.googleapis.com"
# Without a tab, a range means the first visible one.
_EVERYTHING = "A1:ZZZ100000"


class _RefusedError(Exception):
    """Google answered with another status than 2xx."""

    def __init__(self, response: "Response") -> None:
        super().__init__(response.status_code)
        self.response = response


class GoogleSheets:
    """Reads tabs of spreadsheets as the service account of the config sees them."""

    def __init__(self, settings: Google) -> None:
        self._seconds = settings.timeout / timedelta(seconds=1)
        self._account = Account(settings.credentials.reveal(), self._seconds)
        self._base = settings.sheets_url.rstrip("/")
        self._client: HTTPClient | None = None

    def read(self, key: str, tab: str, where: str) -> list[list[str]]:
        """The cells of a tab (the first one if `tab` is empty), as the sheet shows them.

        Raises Failed when it does not exist or is not shared, Temporary for the network.
        """
        return retrying(lambda: self._read(key, tab, where), self._seconds)

    def _read(self, key: str, tab: str, where: str) -> list[list[str]]:
        from gspread.exceptions import GSpreadException
        from gspread.utils import absolute_range_name

        name = absolute_range_name(tab) if tab else _EVERYTHING
        try:
            with explained(where):
                reply = self._http().values_get(key, name)
        except _RefusedError as error:
            if error.response.status_code == 400 and tab:
                fix = f"write one of {self._tabs(key)}"
                raise Failed(f"has no tab {tab!r}", where=where, fix=fix, code="no_tab") from error
            raise refusal(error.response, where, self._account.email) from error
        except GSpreadException as error:
            raise Temporary(f"cannot be read ({type(error).__name__})", where=where) from error
        values = reply.get("values", []) if isinstance(reply, dict) else None
        if not isinstance(values, list):
            raise Temporary("Google's answer makes no sense", where=where, code="google")
        return [[str(cell) for cell in row] for row in values]

    def _tabs(self, key: str) -> str:
        """The tabs' names, for a message about one that is not there."""
        from gspread.exceptions import GSpreadException

        try:
            with explained(key):
                reply: Any = self._http().fetch_sheet_metadata(key)
            return ", ".join(repr(sheet["properties"]["title"]) for sheet in reply["sheets"])
        except (GSpreadException, _RefusedError, Failed, Temporary, KeyError, TypeError):
            return "the tabs that it has"

    def _http(self) -> "HTTPClient":
        if self._client is None:
            from gspread.http_client import HTTPClient

            base = self._base

            class Client(HTTPClient):
                """gspread's base URL is a constant, and its errors trip over what is not JSON."""

                def request(self, method: str, endpoint: str, *_: Any, **options: Any) -> Any:
                    url = endpoint.replace(_API, base, 1)
                    response = self.session.request(method, url, params=options.get("params"))
                    if not response.ok:
                        raise _RefusedError(response)
                    return response

            self._client = Client(None, self._account.session([SHEETS_SCOPE]))  # type: ignore[arg-type]  # no credentials beside a session
        return self._client


def ready() -> None:
    """Import what reading needs, before many threads do."""
    import gspread.exceptions
    import gspread.http_client
    import gspread.utils  # noqa: F401

    from labtool.services import google

    google.ready()
