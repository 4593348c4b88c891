"""The config's sections `jobs` (namespaces alone) and `jobs_settings`."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cached_property
from itertools import combinations
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    RootModel,
    model_validator,
)

from labtool.core.config.secrets import Secret
from labtool.core.config.types import (
    Duration,
    Misplaced,
    OneOrMore,
    Section,
    Words,
    also,
    misplaced,
    mistake,
)
from labtool.core.shell.template import Script, TemplateError, compiled
from labtool.tasks.jobs.parameters import Parameter, ParameterOption
from labtool.tasks.jobs.phrases import Phrase, overlap

# A job's type is NAMESPACE_JOB: the first underscore divides them.
Namespace = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
JobName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
SCHEDULE, CANCEL = "schedule_job", "cancel_job"
SUPPRESS, UNSUPPRESS = "schedule_suppression", "cancel_suppression"
# What the bot itself understands; of a namespace, help.
OWN_WORDS = ("help", "status", "logs", "cancel", "retry", "confirm")
# What a suppression's command says: from when until when.
_BEGINS, _ENDS = ("start", "start_at"), ("end", "end_at")


def _confirm(value: Any) -> Any:
    return () if value is False else value


class Job(Section):
    """A bash command, and how it is run and told of."""

    run_args_template: str = Field(min_length=1, description="A bash command with {parameters}")
    report_stdout: bool = False
    report_success: bool = True
    report_format: Literal["text", "blocks", "code", "file"] = "text"
    timeout: Duration = Field(default=timedelta(hours=1), description="Then it is ended")
    retries: Annotated[int, Field(ge=0, le=20)] = 0
    confirm: Annotated[
        Literal[True] | Words,
        BeforeValidator(_confirm),
        Field(description="true: asks who said it; or names and roles of who may approve"),
    ] = ()
    env: dict[Variable, str] = Field(default_factory=dict)
    secrets: dict[Variable, Secret] = Field(
        default_factory=dict, description="As env, and masked in all output"
    )
    concurrency: str = Field(default="", description="Jobs with the same word never run together")
    parameters: dict[str, ParameterOption] = Field(default_factory=dict)

    @cached_property
    def script(self) -> Script:
        """What bash is given. Raises TemplateError."""
        return compiled(self.run_args_template)

    def parameter(self, name: str) -> Parameter:
        """What a parameter may be."""
        return self.parameters.get(name) or Parameter()


class Command(Section):
    """What somebody says, and what is done then."""

    command: str
    help: str
    action: Literal["schedule_job", "cancel_job", "schedule_suppression", "cancel_suppression"]
    job_type: str = ""
    delay_seconds: Annotated[float, Field(ge=0, le=366 * 86400)] = 0

    @cached_property
    def phrase(self) -> Phrase:
        """The words."""
        return Phrase.of(self.command)

    @model_validator(mode="after")
    def _makes_sense(self) -> "Command":
        try:
            self.phrase  # noqa: B018  (it is read to see whether it can be)
        except ValueError as error:
            raise mistake(f"command {self.command!r} {error}", "write words and [name]") from None
        if not self.job_type:
            raise mistake("names no job", "write job_type: and one of this namespace's jobs")
        return self


class NamespaceOptions(Section):
    """Jobs that belong together."""

    description: str = ""
    restricted: bool = Field(default=False, description="For members only, no guests")
    allow: Words = Field(default=(), description="Names and roles of people; default: everybody")
    channel: str = Field(default="", description="Where it is told if nobody asked in a channel")
    workspace: str = Field(default="", description="The folder jobs run in; default: in the state")
    fabfile: str = Field(
        default="", pattern=r"^(https?://\S+)?$", description="Fetched there before each run"
    )
    fabfile_sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    jobs: dict[JobName, Job] = Field(default_factory=dict)
    slack: tuple[Command, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> "NamespaceOptions":
        found = [one for name, job in self.jobs.items() for one in _of_job(name, job)]
        broken = {one.loc[1] for one in found}
        for number, command in enumerate(self.slack):
            if command.job_type not in broken:
                found += _of_command(number, command, self.jobs)
        for (_, one), (j, other) in combinations(enumerate(self.slack), 2):
            if overlap(one.phrase, other.phrase):
                what = f"{other.command!r} can be the same text as {one.command!r}"
                found.append(Misplaced(("slack", j, "command"), what, "change one of them"))
        if found:
            raise misplaced("NamespaceOptions", found)
        return self


def _of_job(name: str, job: Job) -> Iterator[Misplaced]:
    loc = ("jobs", name)
    try:
        script = job.script
    except TemplateError as error:
        yield Misplaced((*loc, "run_args_template"), str(error), error.fix)
        return
    for one in job.parameters:
        if one not in script.parameters:
            fix = f"write {{{one}}} there, or leave it out here"
            yield Misplaced((*loc, "parameters", one), "is not in its run_args_template", fix)


def _of_command(number: int, command: Command, jobs: dict[str, Job]) -> Iterator[Misplaced]:
    loc, text = ("slack", number), repr(command.command)
    job = jobs.get(command.job_type)
    if job is None:
        what = f"there is no job {command.job_type!r}"
        yield Misplaced((*loc, "job_type"), what, f"write {', '.join(jobs) or 'one first'}")
        return
    if command.phrase.match("help") is not None:
        what = f"{text} is what the bot itself answers"
        yield Misplaced((*loc, "command"), what, "use another word")
    said = set(command.phrase.parameters)
    if command.action == SCHEDULE:
        wanted = set(job.script.parameters)
        for odd in sorted(wanted - said):
            yield Misplaced((*loc, "command"), *_unsaid(odd, command, text))
        for odd in sorted(said - wanted):
            what = f"parameter {odd} of {text} is not in the template of {command.job_type}"
            fix = f"write {{{odd}}} there, or take [{odd}] out here"
            yield Misplaced((*loc, "command"), what, fix)
    elif command.action == SUPPRESS:
        if len(said) != 2 or not (said & set(_BEGINS) and said & set(_ENDS)):
            what = f"{text} holds a job, and needs its times"
            yield Misplaced((*loc, "command"), what, "write command: suppress [start] to [end]")
    elif said:
        what = f"{text}: {command.action} takes no parameters"
        yield Misplaced((*loc, "command"), what, "take [...] out")


def _unsaid(odd: str, command: Command, text: str) -> tuple[str, str]:
    """A parameter that the template has, and the command has not."""
    if f"{{{odd}}}" in command.command:
        return f"{text} has {{{odd}}}", f"write [{odd}] in a command"
    what = f"parameter {odd} of {command.job_type} is not in {text}"
    return what, f"write [{odd}] here, or take {{{odd}}} out there"


def begins_and_ends(said: dict[str, str]) -> tuple[str, str]:
    """The times of a suppression's command."""
    begins = next(said[name] for name in _BEGINS if name in said)
    return begins, next(said[name] for name in _ENDS if name in said)


def type_of(namespace: str, job: str) -> str:
    """A job's type."""
    return f"{namespace}_{job}"


class Jobs(RootModel[dict[Namespace, NamespaceOptions]]):
    """The namespaces by their names."""

    root: dict[Namespace, NamespaceOptions] = Field(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _names(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        found = []
        for name in map(str, data if isinstance(data, dict) else ()):
            if "_" in name:
                what = f"namespace {name!r} has an underscore"
                found.append(Misplaced((name,), what, f"write {name.replace('_', '-')}"))
            elif name in OWN_WORDS:
                what = f"namespace {name!r} is a word of the bot's own"
                found.append(Misplaced((name,), what, f"call it {name}-jobs"))
        if not found:
            return handler(data)
        odd = {one.loc[0] for one in found}
        rest = {name: value for name, value in data.items() if name not in odd}
        raise also("Jobs", found, lambda: handler(rest))

    def all(self) -> dict[str, NamespaceOptions]:
        """Each, by its name."""
        return self.root

    def types(self) -> Iterator[tuple[str, NamespaceOptions, Job]]:
        """Every job's type, with its namespace and itself."""
        for name, namespace in self.root.items():
            for job, options in namespace.jobs.items():
                yield type_of(name, job), namespace, options

    def find(self, job_type: str) -> tuple[NamespaceOptions, Job] | None:
        """A job by its type."""
        name, _, job = job_type.partition("_")
        namespace = self.root.get(name)
        return (namespace, namespace.jobs[job]) if namespace and job in namespace.jobs else None


class Listener(Section):
    """A word that is listened for in every channel where the bot is."""

    word: str = Field(min_length=2, max_length=100, description="Found in any case")
    reaction: Annotated[str, Field(pattern=r"^[a-z0-9_+'-]{1,100}$")] = "eyes"
    channel: str = Field(min_length=1, description="Where a link to the message is posted")
    away_from: date | None = Field(default=None, description="From this day, and until")
    away_to: date | None = Field(default=None, description="this one, who asks is told so")
    away_text: str = Field(default="Nobody is in the office now.", min_length=1)

    @model_validator(mode="after")
    def _away(self) -> "Listener":
        if (self.away_from is None) != (self.away_to is None):
            raise mistake("away_from and away_to belong together", "write both days")
        return self

    def is_away(self, day: date) -> bool:
        """Whether nobody is there."""
        return bool(self.away_from and self.away_to and self.away_from <= day <= self.away_to)


class JobsSettings(Section):
    """How jobs are run, all of them."""

    join: Words = Field(default=(), description="Channels that slack-bot joins by itself")
    listeners: tuple[Listener, ...] = ()
    follow: bool = Field(
        default=False, description="labtool timers systemd writes a unit for jobs work --follow"
    )
    workers: Annotated[int, Field(ge=1, le=64)] = Field(default=4, description="Run at a time")
    logs: str = Field(default="", description="A folder for output; default: in the state")
    support_channel: str = Field(default="", description="Where failures are linked")
    keep: Duration = Field(default=timedelta(days=90), description="How long ended jobs are known")
    largest_output: Annotated[int, Field(ge=1000)] = Field(
        default=10_000_000, description="Bytes of each run's output that are kept"
    )
    shell: Annotated[tuple[str, ...], OneOrMore()] = ("bash",)

    @property
    def stays(self) -> bool:
        """Whether a worker stays in the foreground."""
        return self.follow
