"""The Drive stand-in, as google-auth's session finds it."""

from pathlib import Path

import pytest
import requests
from google.auth.transport.requests import AuthorizedSession
from google.oauth2.service_account import Credentials

from tests.servers.drive import PRESENTATION, Drive
from tests.servers.faults import Fault


@pytest.fixture
def session(drive: Drive, tmp_path: Path) -> AuthorizedSession:
    key = drive.config(tmp_path)["google"]["credentials"]["file"]
    account = Credentials.from_service_account_file(  # type: ignore[no-untyped-call]  # untyped
        key, scopes=["https://www.googleapis.com/auth/drive"]
    )
    return AuthorizedSession(account)  # type: ignore[no-untyped-call]  # google-auth is untyped


def test_copy_share_find_and_delete(drive: Drive, session: AuthorizedSession) -> None:
    template = drive.add("Template", parents=["folder"])
    url = drive.url + "/drive/v3/files"
    body = {"name": "Flash", "appProperties": {"labtool": "it's 2026-11-24"}, "parents": ["p"]}
    copied = session.post(
        f"{url}/{template.id}/copy", json=body, params={"fields": "id,webViewLink"}
    ).json()
    assert set(copied) == {"id", "webViewLink"}
    made = drive.files[copied["id"]]
    assert (made.name, made.copy_of, made.parents) == ("Flash", template.id, ["p"])
    assert made.mime_type == PRESENTATION

    access = {"role": "writer", "type": "group", "emailAddress": "lab@lab.example"}
    shared = session.post(f"{url}/{made.id}/permissions", json=access)
    assert shared.status_code == 200
    listed = session.get(f"{url}/{made.id}/permissions").json()["permissions"]
    assert [p["emailAddress"] for p in listed] == ["lab@lab.example"]
    assert made.permissions[0]["role"] == "writer"

    query = "appProperties has { key='labtool' and value='it\\'s 2026-11-24' } and trashed=false"
    found = session.get(url, params={"q": query}).json()["files"]
    assert [file["id"] for file in found] == [made.id]
    made.trashed = True
    assert session.get(url, params={"q": query}).json()["files"] == []

    assert session.delete(f"{url}/{made.id}").status_code == 204
    assert session.get(f"{url}/{made.id}").status_code == 404
    assert list(drive.files) == [template.id]


def test_get_shows_the_link(drive: Drive, session: AuthorizedSession) -> None:
    file = drive.add("Slides")
    url = f"{drive.url}/drive/v3/files/{file.id}"
    assert set(session.get(url).json()) == {"kind", "id", "name", "mimeType"}
    link = session.get(url, params={"fields": "webViewLink"}).json()["webViewLink"]
    assert link == f"https://docs.google.com/presentation/d/{file.id}/edit"


def test_refusals_and_faults(drive: Drive, session: AuthorizedSession) -> None:
    file = drive.add("Template")
    url = f"{drive.url}/drive/v3/files/{file.id}"
    assert requests.get(url, timeout=5).status_code == 401
    assert session.post(f"{url}/permissions", json={"role": "writer"}).status_code == 400
    wrong = {"role": "writer", "type": "group", "emailAddress": "lab"}
    assert session.post(f"{url}/permissions", json=wrong).status_code == 400
    drive.inject(Fault.status(403), match="permissions")
    assert session.get(f"{url}/permissions").status_code == 403
    drive.inject(Fault.drop(committed=True), match="copy")
    with pytest.raises(requests.ConnectionError):
        session.post(f"{url}/copy", json={"name": "Twice?"})
    assert sorted(made.name for made in drive.files.values()) == ["Template", "Twice?"]
