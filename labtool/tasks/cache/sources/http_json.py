"""`kind: http-json`: any URL that answers JSON.

Its data is the document, or what `keep` finds in it.
"""

from typing import Literal

from pydantic import Field

from labtool.core import strictjson
from labtool.core.config.secrets import Secret
from labtool.core.errors import Failed
from labtool.tasks.cache.sources._base import Answer, Question, SourceOptions
from labtool.tasks.cache.sources._pick import Path, numbers, pick


class Options(SourceOptions):
    """A URL, with a JMESPath of what to keep."""

    kind: Literal["http-json"]
    url: str = Field(min_length=8, pattern=r"^https?://")
    keep: Path = Field(default="", description="A JMESPath; default: all of it")
    plot: dict[str, Path] = Field(
        default_factory=dict, description="Numbers for the history: name, JMESPath"
    )
    headers: dict[str, Secret] = Field(default_factory=dict, description="Such as Authorization")

    def prepare(self) -> None:
        """As every kind's."""
        import jmespath  # noqa: F401

        from labtool.services import http  # noqa: F401

    def fetch(self, question: Question) -> Answer:
        """One GET."""
        from labtool.services import http

        where = http.shown(self.url)
        headers = {name: secret.reveal() for name, secret in self.headers.items()}
        page = http.get(self.url, question.seconds, headers=headers)
        try:
            document = strictjson.parse(page.body)
        except ValueError:
            kind = f", but {page.content_type}" if page.content_type else ""
            raise Failed(f"is not JSON{kind}", where=where, code="not_json") from None
        data = pick(self.keep, document, where)
        return Answer(data, numbers(self.plot, data, where))
