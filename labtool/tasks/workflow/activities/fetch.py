"""`fetch`: a file from the web or S3, and what is in it where it is an archive."""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import Field, field_validator, model_validator

from labtool.core.config.secrets import Secret
from labtool.core.config.types import mistake
from labtool.core.errors import Failed, Temporary
from labtool.core.text import one_line
from labtool.tasks.workflow.activities import _transfer as transfer
from labtool.tasks.workflow.activities._base import ActivityOptions, Context
from labtool.tasks.workflow.activities._part import Ask, Part, alone
from labtool.tasks.workflow.activities._places import S3, S3Options, addressed, placed
from labtool.tasks.workflow.activities._sizes import Size
from labtool.tasks.workflow.values import fill, names

# Seconds without a byte.
_SILENT = 60.0
_SUM = re.compile(r"[0-9a-fA-F]{64}")
_LARGEST = 20_000_000_000


class Options(ActivityOptions):
    """From where, and to where: a path; one that ends in / is what the file goes into. With
    `unpack` it is the folder that an archive becomes. Names in a URL are encoded, and stand in its
    path or query alone."""

    source: str = Field(alias="from", pattern=r"^(https?|s3)://")
    to: str = Field(min_length=1)
    unpack: bool = Field(default=False, description="zip; tar, also with gzip, bzip2, xz, zstd")
    sha256: str = Field(default="", description="What its SHA-256 has to be; may be a {name}")
    largest: Size = Field(default=_LARGEST, description="Of the file, and of what is unpacked")
    headers: dict[str, Secret] = Field(
        default_factory=dict, description='Such as Authorization: "Bearer ${NAME}"'
    )
    s3: S3Options = S3Options()
    save: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="The path of the file or folder, under this name",
    )

    @field_validator("source")
    @classmethod
    def _host(cls, value: str) -> str:
        try:
            host = urlsplit(value).netloc
        except ValueError:
            host = ""
        if not host:
            raise mistake("names no host", "write https://HOST/... or s3://BUCKET/KEY")
        if "{" in host:
            raise mistake("names its host by a parameter", "write the host's name")
        if value.startswith(S3) and value.endswith("/"):
            raise mistake("is a folder of S3", "use copy: for it")
        return value

    @field_validator("sha256")
    @classmethod
    def _sum(cls, value: str) -> str:
        if value and not names(value) and not _SUM.fullmatch(value):
            raise mistake("is no SHA-256", "write its 64 digits, as sha256sum prints them")
        return value

    @field_validator("to")
    @classmethod
    def _here(cls, value: str) -> str:
        if value.startswith(S3):
            raise mistake("is in S3", "write a path; copy: brings it from there to S3")
        return value

    @model_validator(mode="after")
    def _fits(self) -> "Options":
        if self.headers and self.source.startswith(S3):
            raise mistake("has headers: for S3", "write s3: {key_id: ..., secret: ...}")
        return self

    def texts(self) -> Iterable[tuple[str, Sequence[str]]]:
        """As every activity's."""
        yield "from", names(self.source)
        yield "to", names(self.to)
        yield "sha256", names(self.sha256)

    def saves(self) -> Sequence[str]:
        """As every activity's."""
        return (self.save,) if self.save else ()

    def act(self, context: Context) -> Mapping[str, Any]:
        """As every activity's. Raises Failed, Temporary, StateError."""
        source = self._source(context)
        to = placed(self.to, context.values, context.config.base, "to")
        if to.startswith(S3):
            raise Failed("is in S3", where="to", fix="name a path", code="path")
        target = Path(to.rstrip("/") or "/")
        if not self.unpack and (to.endswith("/") or target.is_dir()):
            target /= _name(source)
        with alone(context):
            self._have(source, target, context)
        return {self.save: str(target)} if self.save else {}

    def _have(self, source: str, target: Path, context: Context) -> None:
        wanted = self._wanted(context)
        there = wanted and not self.unpack and target.is_file()
        if there and transfer.digest(target, context) == wanted:
            return  # it was put there before a crash
        part = Part(target, context, context.scratch if self.unpack else target.parent)
        try:
            if not part.whole or part.size > self.largest:
                part.receive(self._ask(source), self.largest, context)
            if wanted:
                self._check(part, wanted, context)
            if self.unpack:
                from labtool.tasks.workflow.activities._unpacking import unpacked

                unpacked(part.path, target, self.largest, context)
                part.remove()
            else:
                part.put()
        except Failed:
            part.remove()
            raise

    def _check(self, part: Part, wanted: str, context: Context) -> None:
        found = transfer.digest(part.path, context)
        if found == wanted:
            return
        part.remove()
        what = f"its SHA-256 is {found}, and not what sha256: says"
        if part.resumed:
            # A server may put parts of two contents together.
            raise Temporary(f"{what}; it is fetched anew", where=self._shown, code="sha256")
        raise Failed(what, where=self._shown, fix="check both", code="sha256")

    def _ask(self, source: str) -> Ask:
        if source.startswith(S3):
            bucket, key = self.s3.bucket(source)

            def stored(start: int, version: str) -> Any:
                found = bucket.about(key)
                same = found.tag == version and start <= found.size
                return nullcontext(bucket.coming(found, start if same else 0))

            return stored
        from labtool.services.download import download

        headers = {name: secret.reveal() for name, secret in self.headers.items()}
        return lambda start, version: download(source, headers, _SILENT, start, version)

    def _source(self, context: Context) -> str:
        if self.source.startswith(S3):
            return placed(self.source, context.values, context.config.base, "from")
        return addressed(self.source, context.values, "from")

    def _wanted(self, context: Context) -> str:
        found = fill(self.sha256, context.values).strip().lower()
        if self.sha256 and not _SUM.fullmatch(found):
            what = f"{one_line(found, 80)!r} is no SHA-256"
            raise Failed(what, where="sha256", fix="look at what it was given", code="sha256")
        return found

    @property
    def _shown(self) -> str:
        return self.source.partition("?")[0]


def _name(source: str) -> str:
    """The name of a file as its address has it. Raises Failed where that is none."""
    last = source.rpartition("/")[2] if source.startswith(S3) else _last(source)
    if last in ("", ".", "..") or "/" in last or "\0" in last or len(last.encode()) > 200:
        what = f"gives no name for the file ({one_line(last, 80)!r})"
        raise Failed(what, where="from", fix="write a name at the end of to:", code="path")
    return last


def _last(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2])
