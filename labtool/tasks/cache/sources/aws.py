"""`kind: aws`: machines, disks and load balancers of a region, how they do, what they cost.

Its policy needs ec2:DescribeInstances, ec2:DescribeVolumes, cloudwatch:GetMetricData and the
elasticloadbalancing:Describe... calls; ce:GetCostAndUsage for the bill. Measurements cost USD
0.01 a thousand (aws.amazon.com/cloudwatch/pricing), the bill 0.01 a question: it is asked for once
in six hours.

Its data:

    {"region",
     "instances": [{"id", "name", "type", "zone", "state", "cpu_credits"}],
     "volumes": [{"id", "name", "type", "gigabytes", "zone", "state", "attached_to"}],
     "balancers": [{"name", "kind", "hosts", "healthy", ...}], and what tells an alarm,
     "series": {METRIC: {NAME: [[unix_seconds, number], ...]}}, of the last day,
     "spend": {"usd", "asked_at", "why"}}, of this month until yesterday

What may not be asked is null, with the reason among the run's errors; `cpu_credits` is null
for types that have none. METRICs, over 15 minutes each: `cpu` (%), `network-in`, `network-out`,
`disk-read`, `disk-write` (bytes), `latency` (seconds), `requests`.

Series: `cpu/NAME` (%), `credits/NAME`, `healthy/BALANCER` (hosts), `spend` (USD).
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from labtool.core.clock import from_iso, iso
from labtool.core.config import Config
from labtool.core.config.secrets import Secret
from labtool.core.config.types import Duration, mistake
from labtool.core.errors import AccessDenied, Failed, LabtoolError
from labtool.core.files import expand
from labtool.core.threads import each
from labtool.tasks.cache.balance import NEW, alarms, judged
from labtool.tasks.cache.sources._base import Answer, Question, SourceOptions

if TYPE_CHECKING:
    from labtool.services.aws.account import Account, Balancer, Instance, Query, Volume

Where = tuple[str, str]
Points = Sequence[tuple[int, float]]
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


def _region(value: str) -> str:
    if not _REGION.fullmatch(value):
        raise mistake(f"{value!r} is not a region", "write one such as us-west-1")
    return value


Region = Annotated[str, AfterValidator(_region)]

_PERIOD = timedelta(minutes=15)
_DAY = timedelta(days=1)
_SPEND_EVERY = timedelta(hours=6)
_MOST_QUERIES = 2000
_AT_ONCE = 6
_BURSTABLE = ("t2.", "t3.", "t3a.", "t4g.")
_STATE = tuple(NEW)
_CREDITS = "credits"


@dataclass(frozen=True, slots=True)
class Asked:
    """One measurement: our name for it, of what, and how CloudWatch is asked."""

    metric: str
    label: str
    query: "Query"


class Options(SourceOptions):
    """A region of an account. Without keys those of this machine are used (its role, ~/.aws)."""

    schema_version: ClassVar[int] = 1
    # Names of machines.
    public_history: ClassVar[bool] = False

    kind: Literal["aws"]
    every: Duration = Field(default=timedelta(minutes=15), description="Its beat")
    region: Region
    key_id: Secret | None = Field(default=None, description="Of a user of its own, who only reads")
    secret: Secret | None = None
    duty: str = Field(
        default="AWS", description="Who has it hears of balancers without a healthy host"
    )
    spend: bool = Field(default=True, description="Ask Cost Explorer what the month has cost")
    endpoint: str = Field(default="", pattern=r"^(https?://.+)?$", description="Default: Amazon's")

    @model_validator(mode="after")
    def _both_or_none(self) -> "Options":
        if (self.key_id is None) != (self.secret is None):
            raise mistake("needs key_id: and secret: together", "write both, or neither")
        return self

    def missing(self, config: Config) -> str:
        """As every kind's."""
        here = Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or expand("~/.aws/credentials"))
        own = any(os.environ.get(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"))
        if self.key_id or own or here.exists() or expand("~/.aws/config").exists():
            return ""
        return "has no key_id: and secret:, and works only where the machine has a role at AWS"

    def prepare(self) -> None:
        """As every kind's."""
        from labtool.services.aws.account import ready

        ready()

    def fetch(self, question: Question) -> Answer:
        """Ask for everything at once, then for what it measured."""
        from labtool.services.aws.account import Account

        keys = (self.key_id.reveal(), self.secret.reveal()) if self.key_id and self.secret else None
        account = Account(self.region, self.endpoint, keys, question.seconds)
        spend = _last_spend(question) if self.spend else {"usd": None, "asked_at": None, "why": ""}
        parts: dict[str, Callable[[], Any]] = {
            "instances": account.instances,
            "volumes": account.volumes,
            "classic": account.classic_balancers,
            "application": account.application_balancers,
        }
        if self.spend and _is_due(spend, question.now):
            parts["spend"] = lambda: _asked_spend(account, spend, question.now)
        found, errors = _all(parts)
        if not found.keys() - {"spend"}:
            raise errors[0]
        instances, volumes = found.get("instances"), found.get("volumes")
        balancers = [*(found.get("classic") or ()), *(found.get("application") or ())]
        queries = list(_queries(instances or (), volumes or (), balancers))[:_MOST_QUERIES]
        measured = _measured(account, queries, question.now, errors)
        known = {"classic", "application"} <= found.keys()
        judgements = _judged(balancers, question) if known else None
        data = {
            "region": self.region,
            "instances": _instances(instances, measured),
            "volumes": None if volumes is None else [_fields(one) for one in volumes],
            "balancers": judgements,
            "series": _series(measured),
            "spend": found.get("spend", spend),
        }
        told = tuple(alarms(question.name, self.duty, judgements or (), question.now))
        return Answer(data, _numbers(data), problems=tuple(errors), alarms=told)


def _all(parts: Mapping[str, Callable[[], Any]]) -> tuple[dict[str, Any], list[LabtoolError]]:
    """What each part answers; what is not allowed is an error and not there. Raises what
    would meet the others too."""
    from labtool.services.aws.refusals import NOT_ALLOWED

    def ask(name: str) -> tuple[str, Any, LabtoolError | None]:
        try:
            return name, parts[name](), None
        except AccessDenied as error:
            if error.code != NOT_ALLOWED:
                raise
            return name, None, error

    found, errors = {}, []
    for name, answer, error in each(ask, parts, _AT_ONCE):
        if error is None:
            found[name] = answer
        else:
            errors.append(error)
    return found, sorted(errors, key=str)


def _measured(
    account: "Account", queries: "Sequence[Asked]", now: datetime, errors: list[LabtoolError]
) -> "list[tuple[Asked, Points]] | None":
    """What was measured over the last day; None, and an error, where that is not allowed."""
    from labtool.services.aws.refusals import NOT_ALLOWED

    try:
        points = account.measurements([one.query for one in queries], now - _DAY, now, _PERIOD)
    except AccessDenied as error:
        if error.code != NOT_ALLOWED:
            raise
        errors.append(error)
        return None
    return [(one, line) for one, line in zip(queries, points, strict=True) if line]


def _series(measured: "list[tuple[Asked, Points]] | None") -> dict[str, dict[str, Any]] | None:
    if measured is None:
        return None
    series: dict[str, dict[str, Any]] = {}
    for one, line in measured:
        if one.metric != _CREDITS:
            series.setdefault(one.metric, {})[one.label] = [list(point) for point in line]
    return series


def _queries(
    instances: "Sequence[Instance]", volumes: "Sequence[Volume]", balancers: "Sequence[Balancer]"
) -> "Iterator[Asked]":
    from labtool.services.aws.account import Query

    labels = _labels([(i.id, i.name) for i in instances] + [(v.id, v.name) for v in volumes])

    def asked(metric: str, label: str, space: str, what: str, where: Where, how: str) -> Asked:
        return Asked(metric, label, Query(space, what, where, how))

    for one in instances:
        where, label = ("InstanceId", one.id), labels[one.id]
        yield asked("cpu", label, "AWS/EC2", "CPUUtilization", where, "Average")
        yield asked("network-in", label, "AWS/EC2", "NetworkIn", where, "Sum")
        yield asked("network-out", label, "AWS/EC2", "NetworkOut", where, "Sum")
        if one.type.startswith(_BURSTABLE):
            yield asked(_CREDITS, label, "AWS/EC2", "CPUCreditBalance", where, "Average")
    for balancer in balancers:
        classic, label = balancer.kind == "classic", balancer.name
        space = "AWS/ELB" if classic else "AWS/ApplicationELB"
        where = ("LoadBalancerName" if classic else "LoadBalancer", balancer.dimension)
        latency = "Latency" if classic else "TargetResponseTime"
        yield asked("latency", label, space, latency, where, "Average")
        yield asked("requests", label, space, "RequestCount", where, "Sum")
    for volume in volumes:
        where, label = ("VolumeId", volume.id), labels[volume.id]
        yield asked("disk-read", label, "AWS/EBS", "VolumeReadBytes", where, "Sum")
        yield asked("disk-write", label, "AWS/EBS", "VolumeWriteBytes", where, "Sum")


def _labels(named: Sequence[tuple[str, str]]) -> dict[str, str]:
    """A label for each id: its name, with the id where two have the same."""
    names = [name for _, name in named]
    return {key: name if names.count(name) == 1 else f"{name} ({key})" for key, name in named}


def _instances(
    instances: "Sequence[Instance] | None", measured: "list[tuple[Asked, Points]] | None"
) -> list[dict[str, Any]] | None:
    if instances is None:
        return None
    balances = {
        one.query.dimension[1]: line[-1][1]
        for one, line in measured or ()
        if one.metric == _CREDITS
    }
    return [{**_fields(one), "cpu_credits": balances.get(one.id)} for one in instances]


def _judged(balancers: "Sequence[Balancer]", question: Question) -> list[dict[str, Any]]:
    found = question.before.get("balancers") if isinstance(question.before, dict) else None
    before = {(one["name"], one["kind"]): {k: one[k] for k in _STATE} for one in found or ()}
    return [
        {
            "name": one.name,
            "kind": one.kind,
            "hosts": one.hosts,
            "healthy": one.healthy,
            **judged(before.get((one.name, one.kind), NEW), one.hosts, one.healthy, question.now),
        }
        for one in sorted(balancers, key=lambda one: (one.name, one.kind))
    ]


def _last_spend(question: Question) -> dict[str, Any]:
    found = question.before.get("spend") if isinstance(question.before, dict) else None
    return dict(found or {"usd": None, "asked_at": None, "why": ""})


def _is_due(spend: Mapping[str, Any], now: datetime) -> bool:
    at = from_iso(spend["asked_at"]) if spend["asked_at"] else None
    return at is None or not timedelta(0) <= now - at < _SPEND_EVERY


def _asked_spend(account: "Account", last: dict[str, Any], now: datetime) -> dict[str, Any]:
    """What the month has cost; or why that is not known, which is no error."""
    try:
        usd = account.spent(now.date())
    except Failed as error:
        return {"usd": None, "asked_at": iso(now), "why": str(error)}
    except LabtoolError as error:
        return {**last, "why": str(error)}
    return {"usd": round(usd, 2), "asked_at": iso(now), "why": ""}


def _fields(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in type(one).__dataclass_fields__}


def _numbers(data: Mapping[str, Any]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for name, points in ((data["series"] or {}).get("cpu") or {}).items():
        numbers[f"cpu/{name}"] = points[-1][1]
    for one in data["instances"] or ():
        if one["cpu_credits"] is not None:
            numbers[f"credits/{one['name']}"] = one["cpu_credits"]
    for one in data["balancers"] or ():
        numbers[f"healthy/{one['name']}"] = float(one["healthy"])
    if data["spend"]["usd"] is not None:
        numbers["spend"] = data["spend"]["usd"]
    return dict(list(numbers.items())[:200])
