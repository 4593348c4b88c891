"""`call`: an HTTP request. A server that is away or busy is asked again, as `retries` say."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from labtool.core import strictjson
from labtool.core.config.secrets import Secret
from labtool.core.config.types import mistake
from labtool.core.errors import Failed
from labtool.core.threads import interruptible
from labtool.tasks.workflow.activities._base import ActivityOptions, Context
from labtool.tasks.workflow.activities._places import addressed
from labtool.tasks.workflow.values import fill, names

_SECONDS = 60.0


class Options(ActivityOptions):
    """A request. Names in its URL are encoded, and stand in its path or query alone."""

    short: ClassVar[str] = "url"

    url: str = Field(pattern=r"^https?://")
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    headers: dict[str, Secret] = Field(
        default_factory=dict, description='Such as Authorization: "Bearer ${NAME}"'
    )
    document: Any = Field(default=None, alias="json", description="Sent as JSON; {names} in texts")
    expect: tuple[Annotated[int, Field(ge=100, le=599)], ...] = ()
    save: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    read: Literal["text", "json"] = Field(default="json", alias="as")

    @field_validator("url")
    @classmethod
    def _host(cls, value: str) -> str:
        if "{" in urlsplit(value).netloc:
            raise mistake("names its host by a parameter", "write the host's name")
        return value

    def texts(self) -> Iterable[tuple[str, Sequence[str]]]:
        """As every activity's."""
        yield "url", names(self.url)
        for text in _texts(self.document):
            yield "json", names(text)

    def saves(self) -> Sequence[str]:
        """As every activity's."""
        return (self.save,) if self.save else ()

    def act(self, context: Context) -> Mapping[str, Any]:
        """As every activity's. Raises Failed, Temporary."""
        from labtool.services.calls import Asked, ask

        url = addressed(self.url, context.values, "url")
        headers = {name: secret.reveal() for name, secret in self.headers.items()}
        # A server that knows this does the same only once.
        headers.setdefault("Idempotency-Key", f"{context.run}-{context.step}-{context.since:.0f}")
        body = _filled(self.document, context.values)
        asked = Asked(url, self.method, headers, body, self.expect)
        seconds = min(context.seconds, _SECONDS)
        page = interruptible(lambda: ask(asked, seconds), context.check)
        if not self.save:
            return {}
        if self.read == "text":
            return {self.save: page.body.decode("utf-8", "replace")}
        try:
            return {self.save: strictjson.parse(page.body)}
        except ValueError:
            raise Failed(
                "did not answer with JSON", fix="write as: text", code="not_json"
            ) from None


def _texts(document: Any) -> Iterable[str]:
    if isinstance(document, str):
        yield document
    for one in document.values() if isinstance(document, dict) else ():
        yield from _texts(one)
    for one in document if isinstance(document, list) else ():
        yield from _texts(one)


def _filled(document: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(document, str):
        return fill(document, values)
    if isinstance(document, dict):
        return {key: _filled(one, values) for key, one in document.items()}
    return [_filled(one, values) for one in document] if isinstance(document, list) else document
