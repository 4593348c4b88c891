"""`kind: http-json`: any URL that answers JSON.

Its data is the document, or what `keep` finds in it.
"""

from typing import Literal

from pydantic import Field

from labtool.core import strictjson
from labtool.core.config.secrets import Secret
from labtool.core.errors import Failed
from labtool.tasks.cache.sources._base import Answer, Question, SourceOptions
from labtool.tasks.cache.sources._pick import Path, pick, plotted

_REFUSED = ("http_401", "http_403")
_FIX = (
    'if it wants a token, write headers: {Authorization: "Bearer ${NAME}"} and put NAME into .env'
)
_FIX_GIVEN = "check the token in headers:, and what it may do"


class Options(SourceOptions):
    """A URL, with a JMESPath of what to keep."""

    kind: Literal["http-json"]
    url: str = Field(pattern=r"^https?://")
    keep: Path = Field(default="", description="A JMESPath; default: all of it")
    plot: dict[str, Path] = Field(
        default_factory=dict, description="Numbers for the history: name, JMESPath"
    )
    headers: dict[str, Secret] = Field(
        default_factory=dict, description='Such as Authorization: "Bearer ${NAME}"'
    )

    def prepare(self) -> None:
        """As every kind's."""
        import jmespath  # noqa: F401

        from labtool.services import http  # noqa: F401

    def fetch(self, question: Question) -> Answer:
        """One GET."""
        from labtool.services import http

        where = http.shown(self.url)
        headers = {name: secret.reveal() for name, secret in self.headers.items()}
        try:
            page = http.get(self.url, question.seconds, headers=headers)
        except Failed as error:
            if error.code in _REFUSED:
                error.fix = _FIX_GIVEN if headers else _FIX
            raise
        try:
            document = strictjson.parse(page.body)
        except ValueError:
            kind = f", but {page.content_type}" if page.content_type else ""
            raise Failed(f"is not JSON{kind}", where=where, code="not_json") from None
        data = pick(self.keep, document, where)
        return plotted(self.plot, data, question, where)
