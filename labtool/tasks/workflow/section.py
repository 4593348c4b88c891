"""The config's sections `workflows` and `engine`."""

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, RootModel, field_validator, model_validator

from labtool.core.config.marks import Loc
from labtool.core.config.secrets import Secret
from labtool.core.config.types import Duration, Misplaced, Section, misplaced, mistake
from labtool.tasks.workflow.step import StepOptions

WorkflowName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
# What every run knows beside its input.
OWN = ("run", "workflow", "scratch")


def _together(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Group = Annotated[tuple[StepOptions, ...], BeforeValidator(_together), Field(min_length=1)]


class Workflow(Section):
    """Steps one after another; those of a list run side by side."""

    version: str = Field(default="1", min_length=1, max_length=100)
    description: str = ""
    input: dict[str, Any] = Field(default_factory=dict, description="A JSON Schema")
    steps: tuple[Group, ...] = Field(min_length=1)
    timeout: Duration | None = Field(default=None, description="For all of a run, with its pauses")

    @field_validator("version", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        """`version: 2`."""
        return str(value) if isinstance(value, int | float) and value is not True else value

    @field_validator("input")
    @classmethod
    def _schema(cls, value: dict[str, Any]) -> dict[str, Any]:
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import SchemaError

        try:
            Draft202012Validator.check_schema(value)
        except SchemaError as error:
            raise mistake(f"is no JSON Schema: {error.message}", "see json-schema.org") from None
        if value.get("type", "object") != "object":
            raise mistake("is of another type than object", "write type: object")
        return value

    @model_validator(mode="after")
    def _names(self) -> "Workflow":
        found: list[Misplaced] = []
        known, seen = {*OWN, *self.inputs}, set[str]()
        soon: dict[int, set[str]] = {}
        for loc, step in self.placed:
            if step.name in seen:
                what = f"there is a step {step.name} already"
                found.append(Misplaced((*loc, "name"), what, "give it another name"))
            seen.add(step.name)
            # What those beside it save is not known to it.
            for at in [at for at in soon if at != loc[1]]:
                known |= soon.pop(at)
            soon.setdefault(int(loc[1]), set()).update(step.activity.saves())
            for name in {*OWN} & {*step.activity.saves()}:
                what = f"{name} is labtool's own name"
                place = (*loc, step.kind, "save")
                found.append(Misplaced(place, what, "save it under another one"))
            for option, name in step.names:
                if name not in known:
                    fix = f"known here are {', '.join(sorted(known))}; others go to input:"
                    place = (*loc, step.kind, option)
                    found.append(Misplaced(place, f"nothing gives {{{name}}}", fix))
        if found:
            raise misplaced("Workflow", found)
        return self

    @property
    def inputs(self) -> list[str]:
        """The names that the input may have."""
        return [*self.input.get("properties", {}), *self.input.get("required", ())]

    @property
    def placed(self) -> Iterator[tuple[Loc, StepOptions]]:
        """Every step, in order, with its place in the workflow."""
        for at, group in enumerate(self.steps):
            for beside, step in enumerate(group):
                yield ("steps", at, *((beside,) if len(group) > 1 else ())), step

    @property
    def all(self) -> Iterator[StepOptions]:
        """Every step, in order."""
        for group in self.steps:
            yield from group

    @cached_property
    def starts(self) -> set[str]:
        """The workflows that its steps start."""
        return {name for step in self.all for name, _ in step.activity.starts()}

    def odd(self, given: Mapping[str, Any]) -> list[str]:
        """What is wrong with an input."""
        from jsonschema import Draft202012Validator
        from referencing import Registry
        from referencing.exceptions import Unresolvable

        schema = {"type": "object", **self.input}
        # Nothing is fetched for it.
        errors = Draft202012Validator(schema, registry=Registry()).iter_errors(dict(given))
        try:
            found = [
                f"{error.json_path}: {error.message[:200]}".removeprefix("$: ") for error in errors
            ]
        except Unresolvable as error:
            return [f"the schema refers to {error.ref}, which is not in it"]
        except RecursionError:
            return ["the schema refers to itself without end"]
        odd = sorted(set(given) & set(OWN))
        return [*found, *(f"$.{name}: is labtool's own name" for name in odd)]


class Workflows(RootModel[dict[WorkflowName, Workflow]]):
    """The workflows by their names."""

    root: dict[WorkflowName, Workflow] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _starts(self) -> "Workflows":
        found = []
        for name, workflow in self.root.items():
            for loc, step in workflow.placed:
                for other, given in step.activity.starts():
                    for what, fix in self._misstarted(other, given):
                        found.append(Misplaced((name, *loc, step.kind), what, fix))
            circle = self._circle(name)
            if circle:
                what = f"starts itself: {' -> '.join(circle)}"
                found.append(Misplaced((name, "steps"), what, "take one of its steps out"))
        if found:
            raise misplaced("Workflows", found)
        return self

    def _misstarted(self, other: str, given: Collection[str]) -> Iterator[tuple[str, str]]:
        """What is wrong with starting a workflow with these names, and what to write."""
        if other not in self.root:
            yield f"there is no workflow {other}", f"write one of {', '.join(self.root)}"
            return
        wanted = self.root[other].input
        if missing := sorted({*wanted.get("required", ())} - {*given}):
            first = missing[0]
            yield (f"gives {other} no {', '.join(missing)}",
                   f"write input: {{{first}: ...}} beside workflow: {other}")  # fmt: skip

    def _circle(self, name: str) -> list[str]:
        """The way from a workflow to itself, if there is one."""
        ways = [[name]]
        seen: set[str] = set()
        while ways:
            way = ways.pop()
            for other in sorted(self.root[way[-1]].starts & set(self.root)):
                if other == name:
                    return [*way, name]
                if other not in seen:
                    seen.add(other)
                    ways.append([*way, other])
        return []

    def get(self, name: str) -> Workflow | None:
        """A workflow."""
        return self.root.get(name)


class Engine(Section):
    """Where runs are kept, and how they are worked at."""

    url: str = Field(default="sqlite", description="sqlite, or postgresql://USER@HOST/NAME")
    password: Secret | None = Field(default=None, description="Of the account in url")
    follow: bool = Field(
        default=False, description="labtool timers systemd writes a unit for workflow work --follow"
    )
    workers: Annotated[int, Field(ge=1, le=64)] = Field(default=4, description="Runs at a time")
    scratch: str = Field(default="", description="A folder for runs' files; default: in the state")
    keep: Duration = Field(default=timedelta(days=90), description="How long ended runs are known")
    keep_scratch: Duration = Field(default=timedelta(days=7), description="And their files")
    min_free: Annotated[int, Field(ge=0)] = Field(
        default=1_000_000_000, description="Bytes; with less, files of ended runs go at once"
    )
    drain: Duration = Field(
        default=timedelta(seconds=15), description="What a worker that is to end gives its steps"
    )
    largest_output: Annotated[int, Field(ge=1000)] = 10_000_000
    shell: tuple[str, ...] = ("bash",)

    @field_validator("url")
    @classmethod
    def _known(cls, value: str) -> str:
        scheme, colon, rest = value.partition("://")
        if value == "sqlite" or (colon and scheme in ("postgresql", "postgres") and rest):
            user, at, _ = rest.partition("@")
            if at and ":" in user:
                raise mistake("has a password in it", "write password: {file: PATH} beside it")
            return value.replace("postgres://", "postgresql://", 1)
        raise mistake(f"{value!r} is no engine", "write sqlite, or postgresql://USER@HOST/NAME")

    @property
    def stays(self) -> bool:
        """Whether a worker stays in the foreground."""
        return self.follow
