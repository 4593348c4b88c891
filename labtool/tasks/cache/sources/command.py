"""`kind: command`: any program that prints JSON.

Its data is the document, or what `keep` finds in it.
"""

from typing import Annotated, Literal

from pydantic import Field

from labtool.core import strictjson
from labtool.core.errors import Failed
from labtool.services.program import run
from labtool.tasks.cache.sources._base import Answer, Question, SourceOptions
from labtool.tasks.cache.sources._pick import Path, pick, plotted


class Options(SourceOptions):
    """A program with its arguments; no shell reads them. It starts in the config's folder."""

    kind: Literal["command"]
    run: Annotated[list[str], Field(min_length=1)]
    keep: Path = Field(default="", description="A JMESPath; default: all of it")
    plot: dict[str, Path] = Field(
        default_factory=dict, description="Numbers for the history: name, JMESPath"
    )

    def prepare(self) -> None:
        """As every kind's."""
        import jmespath  # noqa: F401

    def fetch(self, question: Question) -> Answer:
        """One run."""
        printed = run(self.run, question.config.base, question.seconds, whole=True)
        where = self.run[0]
        try:
            document = strictjson.parse(printed)
        except ValueError:
            raise Failed("did not print JSON", where=where, fix="run it by hand") from None
        data = pick(self.keep, document, where)
        return plotted(self.plot, data, question, where)
