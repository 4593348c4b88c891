"""The Google service account: its authorized session, and what Google's refusals mean."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from labtool.core.errors import AccessDenied, Failed, LabtoolError, Temporary
from labtool.core.masking import retold
from labtool.services import http

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession, Request
    from requests import Response, Session

SHEETS_SCOPE = "https://www.googleapis.com/auth/spreadsheets.readonly"
DRIVE_SCOPE = "https://www.googleapis.com/auth/drive"
_SMALL = 64 * 1024


class Account:
    """A service account from the text of its JSON key, or a person from that of an OAuth token
    (`"type": "authorized_user"`). `email` is whom to share things with. Raises AccessDenied for
    what is neither.
    """

    def __init__(self, key: str, seconds: float) -> None:
        try:
            self._info: dict[str, Any] = json.loads(key)
            self._is_person = self._info.get("type") == "authorized_user"
            whose = str(self._info.get("account") or "the token's account")
            self.email = whose if self._is_person else str(self._info["client_email"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _bad_key("it has no client_email") from None
        self._seconds = seconds

    def session(self, scopes: Sequence[str]) -> "AuthorizedSession":
        """A session that authorizes itself; every transfer is bounded, the token's too."""
        import requests
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import AuthorizedSession

        try:
            credentials = self._credentials(scopes)
        except (ValueError, KeyError, TypeError, GoogleAuthError) as error:
            raise _bad_key(type(error).__name__) from None
        token_session = requests.Session()
        http.bounded(token_session, self._seconds, _SMALL)
        session = AuthorizedSession(  # type: ignore[no-untyped-call]  # ships no types
            credentials,
            refresh_timeout=self._seconds,
            auth_request=_token_request(token_session),
        )
        http.bounded(session, self._seconds)
        return session

    def _credentials(self, scopes: Sequence[str]) -> Any:
        if self._is_person:
            from google.oauth2.credentials import Credentials as OfPerson

            # The scopes are those that the token was given.
            return OfPerson.from_authorized_user_info(self._info)  # type: ignore[no-untyped-call]  # ships no types
        from google.oauth2.service_account import Credentials

        return Credentials.from_service_account_info(self._info, scopes=list(scopes))  # type: ignore[no-untyped-call]  # ships no types


def _token_request(session: "Session") -> "Request":
    """How tokens are asked for. google-auth trips over an answer that is no JSON."""
    from google.auth.exceptions import TransportError
    from google.auth.transport.requests import Request

    class TokenRequest(Request):
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            response = super().__call__(*args, **kwargs)  # type: ignore[no-untyped-call]  # ships no types
            try:
                whole = isinstance(json.loads(response.data), dict)
            except ValueError:
                whole = False
            if response.status == 200 and not whole:
                raise TransportError("no JSON")  # type: ignore[no-untyped-call]  # ships no types
            return response

    return TokenRequest(session)


def _bad_key(why: str) -> AccessDenied:
    return AccessDenied(
        f"google.credentials is not a service account's JSON key ({why})",
        fix="download the key again from Google Cloud, IAM, service accounts",
        code="google_key",
    )


@contextmanager
def explained(where: str) -> Iterator[None]:
    """What goes wrong on the way to Google, as our errors."""
    from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError

    try:
        with http.explained(where):
            yield
    except TransportError as error:
        raise Temporary("Google cannot be reached", where=where, code="google") from error
    except RefreshError as error:
        if error.retryable or _is_page(error):
            what = "Google gave no token"
            raise Temporary(what, where=where, code="google") from error
        raise AccessDenied(
            f"Google refuses the service account ({_reason(error)})",
            where=where,
            fix="check that the account and its key exist, and the machine's clock",
            code="google_token",
        ) from error
    except GoogleAuthError as error:
        raise Temporary(f"no token ({type(error).__name__})", where=where) from error


def _reason(error: Exception) -> str:
    text = str(error.args[0]) if error.args else type(error).__name__
    return retold(text)


def _is_page(error: Exception) -> bool:
    """Whether the refusal was not Google's JSON but a gateway's page."""
    return len(error.args) < 2 or not isinstance(error.args[1], dict)


def refusal(response: "Response", where: str, email: str) -> LabtoolError:
    """What an answer other than 2xx means."""
    status = response.status_code
    said = _said(response)
    if status == 429 or status >= 500 or said in ("rateLimitExceeded", "userRateLimitExceeded"):
        wait = http.retry_after(response)
        return Temporary(f"Google answered {status}", where=where, code="google", retry_after=wait)
    if status == 401:
        return AccessDenied("Google refuses the service account", where=where, code="google_token")
    if status in (403, 404):
        what = "is not shared with the service account" if status == 403 else "does not exist"
        fix = f"check the key, and share it with {email}"
        return Failed(f"{what} ({said or status})", where=where, fix=fix, code=f"google_{status}")
    return Failed(f"Google answered {status} ({said})", where=where, code=f"google_{status}")


def _said(response: "Response") -> str:
    """Google's own word for an error, if it gave one."""
    try:
        error = response.json()["error"]
        errors = error.get("errors") or [{}]
        word = errors[0].get("reason") or error.get("message") or error.get("status") or ""
        return retold(str(word))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return ""


def ready() -> None:
    """Import what an account needs, before many threads do."""
    import google.auth.exceptions
    import google.auth.transport.requests
    import google.oauth2.service_account  # noqa: F401
