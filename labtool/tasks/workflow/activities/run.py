"""`run`: a bash command, as jobs run them. Parameters reach it as data.

Exit status 0 is success, what `exit` lists ends the run well, what `temporary` lists is tried
again, as `retries` say, and so is any other, but what `permanent` lists: 126 and 127 are what bash
says of a program that is not there.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from labtool.core import strictjson
from labtool.core.config.load import CONFIG_VARIABLE
from labtool.core.config.secrets import Secret
from labtool.core.config.types import mistake
from labtool.core.errors import Failed, Temporary
from labtool.core.masking import conceal
from labtool.core.shell import process
from labtool.core.shell.template import Script, TemplateError, compiled
from labtool.core.text import clean
from labtool.tasks.workflow.activities._base import ActivityOptions, Context, Ended, Exit
from labtool.tasks.workflow.values import text_of

Status = Annotated[int, Field(ge=1, le=255)]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
# Of what is saved, and of what is shown of a failure: bytes.
_MOST, _TOLD = 1_000_000, 600
_PIN = 4


class Options(ActivityOptions):
    """A command."""

    short: ClassVar[str] = "command"

    command: str = Field(min_length=1)
    save: Variable | None = Field(default=None, description="What it prints, under this name")
    read: Literal["text", "json"] = Field(default="text", alias="as")
    folder: str = Field(default="{scratch}", description="Where it runs")
    env: dict[Variable, str] = Field(default_factory=dict)
    secrets: dict[Variable, Secret] = Field(default_factory=dict)
    exit: tuple[Status, ...] = ()
    temporary: tuple[Status, ...] = (75,)
    permanent: tuple[Status, ...] = (126, 127)

    @cached_property
    def script(self) -> Script:
        """What bash is given. Raises TemplateError."""
        return compiled(self.command)

    @field_validator("command")
    @classmethod
    def _safe(cls, value: str) -> str:
        try:
            compiled(value)
        except TemplateError as error:
            # The words are those of jobs.
            raise mistake(str(error), error.fix.replace("the workspace", "folder:")) from None
        return value

    def texts(self) -> Iterable[tuple[str, Sequence[str]]]:
        """As every activity's."""
        from labtool.tasks.workflow.values import names

        yield "command", self.script.parameters
        yield "folder", names(self.folder)

    def saves(self) -> Sequence[str]:
        """As every activity's."""
        return (self.save,) if self.save else ()

    def act(self, context: Context) -> Mapping[str, Any]:
        """As every activity's."""
        from labtool.tasks.workflow.section import Engine
        from labtool.tasks.workflow.values import fill

        settings = context.config.section("engine", Engine)
        secrets = {name: secret.reveal() for name, secret in self.secrets.items()}
        for secret in secrets.values():
            conceal(secret, _PIN)
        folder = Path(fill(self.folder, context.values))
        own = {
            CONFIG_VARIABLE: str(context.config.path),
            "LABTOOL_RUN": context.run,
            "LABTOOL_SCRATCH": str(context.scratch),
        }
        plan = process.Plan(
            shell=settings.shell,
            script=self.script,
            arguments={name: text_of(context.values[name]) for name in self.script.parameters},
            environment={**self.env, **own, **secrets},
            folder=context.config.resolve(str(folder)),
            logs=context.logs,
            token=context.token,
            timeout=context.seconds,
            most=settings.largest_output,
            advice="check engine.shell and the step's folder",
        )
        watched = _Watched(context)
        ended = process.run(plan, watched.stop)
        if context.stop():
            raise Ended(context.stop())
        if ended.why:
            raise Temporary(ended.why, code="timeout")
        return self._found(ended.status, ended, context)

    def _found(self, status: int, ended: process.Ended, context: Context) -> Mapping[str, Any]:
        told = clean(ended.err[-_TOLD:].decode("utf-8", "replace")).strip()
        if status in self.exit:
            raise Exit(told or f"exit status {status}")
        if status:
            what = f"exit status {status}{f': {told}' if told else ''}"
            if status in self.permanent:
                fix = "install what it needs" if status in (126, 127) else ""
                raise Failed(what, fix=fix, code=f"status {status}")
            raise Temporary(what, code=f"status {status}")
        if self.save is None:
            return {}
        text = _printed(context.logs / "stdout")
        if self.read == "text":
            return {self.save: text.removesuffix("\n")}
        try:
            return {self.save: strictjson.parse(text.encode())}
        except ValueError:
            raise Failed("did not print JSON", fix="write as: text, or mend it") from None


class _Watched:
    """Asked all the time; what a run prints is its sign of life."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sizes = (-1, -1)

    def stop(self) -> str:
        """Why it is to end."""
        found = tuple(_size(self._context.logs / name) for name in ("stdout", "stderr"))
        if found != self._sizes:
            self._sizes = found[0], found[1]
            self._context.beat()
        return self._context.stop()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _printed(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except OSError:
        return ""
    if len(data) > _MOST:
        fix = "let it write a file below {scratch}"
        raise Failed(f"printed more than {_MOST} bytes to be saved", fix=fix)
    return os.fsencode(data.decode("utf-8", "surrogateescape")).decode("utf-8", "replace")
