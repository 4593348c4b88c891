"""The config's section `triggers`."""

from datetime import timedelta
from typing import Any

from pydantic import Field, RootModel, model_validator

from labtool.core.config import Config
from labtool.core.config.aws import AwsAccess
from labtool.core.config.patterns import Expression
from labtool.core.config.types import Duration, Section, Slug, mistake
from labtool.tasks.workflow.triggers.rules import Rule, read

_OF_FOLDERS = ("deep", "stable")
_WAYS = "folder, s3_listing, s3_events"


class Trigger(Section):
    """Files that start runs, by one rule or a file of them: those of a folder, or of a bucket that
    is listed or tells of them through a queue. What has not changed in a folder for `stable` is
    whole; and what NAME.done says is, with the ending `marker`."""

    folder: str = ""
    s3_listing: str = Field(
        default="", pattern=r"^(s3://[^/]+(/.*)?)?$", description="s3://BUCKET/ or s3://BUCKET/IN/"
    )
    s3_events: str = Field(
        default="", pattern=r"^(https?://.+)?$", description="A queue's address, of SQS"
    )
    s3: AwsAccess = Field(default_factory=AwsAccess)
    every: Duration = Field(
        default=timedelta(minutes=1), description="How often a bucket is listed"
    )
    deep: bool = Field(default=False, description="Whether in folders below it too")
    file_name_pattern: Expression | None = None
    bucket_name_pattern: Expression | None = None
    starter_name: str = ""
    rules_file: str = ""
    stable: Duration = timedelta(seconds=30)
    marker: str = Field(default=".done", pattern=r"^[^/]+$")

    @model_validator(mode="after")
    def _one_place(self) -> "Trigger":
        ways = [one for one in (self.folder, self.s3_listing, self.s3_events) if one]
        if len(ways) != 1:
            what = "says nowhere where files arrive" if not ways else "names several places"
            raise mistake(what, f"write one of {_WAYS}")
        if not self.folder:
            for option in _OF_FOLDERS:
                if option in self.model_fields_set:
                    what = f"{option}: is of folders: a bucket has whole files, at every depth"
                    raise mistake(what, "take it out")
        return self

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
