"""The config's section `triggers`."""

from datetime import timedelta
from typing import Any

from pydantic import Field, RootModel, model_validator

from labtool.core.config import Config
from labtool.core.config.patterns import Expression
from labtool.core.config.types import Duration, Section, Slug, mistake
from labtool.tasks.workflow.triggers.rules import Rule, read


class Trigger(Section):
    """A folder whose files start runs, by one rule or a file of them. What has not changed for
    `stable` is whole; and what NAME.done says is, with the ending `marker`."""

    folder: str = Field(min_length=1)
    deep: bool = Field(default=False, description="Whether in folders below it too")
    file_name_pattern: Expression | None = None
    bucket_name_pattern: Expression | None = None
    starter_name: str = ""
    rules_file: str = ""
    stable: Duration = timedelta(seconds=30)
    marker: str = Field(default=".done", pattern=r"^[^/]+$")

    @model_validator(mode="after")
    def _one_way(self) -> "Trigger":
        inline = self.file_name_pattern is not None and bool(self.starter_name)
        if inline == bool(self.rules_file):
            fix = "write file_name_pattern and starter_name, or rules_file"
            raise mistake("has no rule" if not inline else "has two kinds of rules", fix)
        return self

    def rules(self, config: Config) -> list[Rule]:
        """Its rules. Raises Failed."""
        if self.rules_file:
            return read(config.resolve(self.rules_file))
        assert self.file_name_pattern is not None
        return [
            Rule.model_construct(
                bucket_name_pattern=self.bucket_name_pattern,
                file_name_pattern=self.file_name_pattern,
                starter_name=self.starter_name,
            )
        ]


class Triggers(RootModel[dict[Slug, Trigger]]):
    """The triggers by their names."""

    root: dict[Slug, Trigger] = Field(default_factory=dict)

    def all(self) -> dict[str, Any]:
        """Each, by its name."""
        return self.root
