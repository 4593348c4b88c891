"""The Sheets stand-in, as gspread and google-auth find it."""

import json
from pathlib import Path
from typing import Any

import gspread
import pytest
from google.auth.exceptions import RefreshError
from google.oauth2.service_account import Credentials

from tests.servers.faults import Fault
from tests.servers.google import Google

SCOPES = ["https://www.googleapis.com/auth/spreadsheets.readonly"]


def client(google: Google, key: Path) -> gspread.Client:
    class Local(gspread.HTTPClient):
        def request(self, *arguments: Any, **options: Any) -> Any:
            method, endpoint, *rest = arguments
            moved = endpoint.replace("https://sheets.googleapis.com", google.sheets_url)
            return super().request(method, moved, *rest, **options)

    credentials = Credentials.from_service_account_file(  # type: ignore[no-untyped-call]  # untyped
        str(key), scopes=SCOPES
    )
    return gspread.Client(credentials, http_client=Local)


@pytest.fixture
def sheets(google: Google, tmp_path: Path) -> gspread.Client:
    return client(google, google.write_key(tmp_path / "key.json"))


def test_tabs_of_a_spreadsheet(google: Google, sheets: gspread.Client) -> None:
    key = google.spreadsheet(
        People=[["Name", "Email"], ["Ann Lee", "ann@lab.example"]],
        Duties=[["Task", "Main"], ["Breakfast", "Öz"], ["", ""], ["Wiki", 3]],
    )
    book = sheets.open_by_key(key)
    assert [tab.title for tab in book.worksheets()] == ["People", "Duties"]
    assert book.worksheet("People").get_all_values()[1] == ["Ann Lee", "ann@lab.example"]
    assert book.worksheet("Duties").get_all_values()[3] == ["Wiki", "3"]
    google.write(key, {"People": [["Name"], ["Bob Stone"]]})
    assert sheets.open_by_key(key).worksheet("People").get_all_values() == [["Name"], ["Bob Stone"]]
    assert {seen.name for seen in google.proxy.requests} >= {"token", key}


def test_what_is_not_there(google: Google, sheets: gspread.Client) -> None:
    with pytest.raises(gspread.SpreadsheetNotFound):
        sheets.open_by_key("none")
    book = sheets.open_by_key(google.spreadsheet(People=[["Name"]]))
    with pytest.raises(gspread.WorksheetNotFound):
        book.worksheet("Duties")


def test_a_key_of_another_account(google: Google, tmp_path: Path) -> None:
    from tests.servers.drive import Drive

    Drive().config(tmp_path)
    other = json.loads((tmp_path / "drive.json").read_text())
    other["token_uri"] = google.proxy.url + "/oauth2/token"
    (tmp_path / "other.json").write_text(json.dumps(other))
    with pytest.raises(RefreshError, match="invalid_grant"):
        client(google, tmp_path / "other.json").open_by_key("any")


def test_faults_and_reset(google: Google, sheets: gspread.Client) -> None:
    key = google.spreadsheet(People=[["Name"]])
    google.proxy.inject(Fault.json({"error": {"code": 403, "message": "no"}}, status=403))
    google.proxy.inject(Fault.html(status=502), match="spreadsheets")
    with pytest.raises((gspread.exceptions.APIError, RefreshError)):
        sheets.open_by_key(key)
    google.reset()
    assert google.proxy.requests == []
    assert google.spreadsheet(Other=[["a"]]) == key
    assert [tab.title for tab in sheets.open_by_key(key).worksheets()] == ["Other"]
