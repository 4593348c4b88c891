"""`kind: aws`: machines, disks and load balancers of a region, how they do, what they cost.

Its policy needs ec2:DescribeInstances, ec2:DescribeVolumes, cloudwatch:GetMetricData and the
elasticloadbalancing:Describe... calls; ce:GetCostAndUsage for the bill. Measurements cost USD
0.01 a thousand (aws.amazon.com/cloudwatch/pricing), the bill 0.01 a question: it is asked for once
in six hours.

Its data:

    {"region",
     "instances": [{"id", "name", "type", "zone", "state", "cpu_credits"}],
     "volumes": [{"id", "name", "type", "gigabytes", "zone", "state", "attached_to"}],
     "balancers": [{"name", "kind" (classic, application), "hosts", "healthy", "down_since",
                    "groups": [{"name", "hosts", "healthy"}]}],
     "series": {METRIC: {NAME: [[unix_seconds, number], ...]}}, of the last day,
     "spend": {"usd", "asked_at", "why"}}, of this month until yesterday

What may not be asked is null, with the reason among the run's errors; `cpu_credits` is null
for types that have none. The hosts of an application balancer are counted in each of its target
groups; `down_since` (ISO 8601, UTC) is when a refresh first found none healthy of those that
there are, or were. METRICs, over 15 minutes each: `cpu` (%), `network-in`, `network-out`,
`disk-read`, `disk-write` (bytes), `latency` (seconds), `requests`.

Where two have the same name, NAME is followed by the id, or by a balancer's kind.

Series: `cpu/NAME` (%), `credits/NAME`, `healthy/BALANCER` (hosts), `spend` (USD).
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from labtool.core import shapes
from labtool.core.clock import from_iso, iso
from labtool.core.config import Config
from labtool.core.config.aws import AwsAccess
from labtool.core.config.types import Duration, mistake
from labtool.core.errors import Failed, LabtoolError
from labtool.core.files import expand
from labtool.core.threads import each
from labtool.tasks.cache.balance import Look, down_since
from labtool.tasks.cache.sources._base import Answer, Question, SourceOptions, Watched
from labtool.tasks.cache.sources._measurements import (
    CREDITS,
    MOST_QUERIES,
    Asked,
    Points,
    balancer_labels,
    by_metric,
    machine_labels,
    measure,
    questions,
)

if TYPE_CHECKING:
    from labtool.services.aws.account import Account, Balancer, Instance

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


def _region(value: str) -> str:
    if not _REGION.fullmatch(value):
        raise mistake(f"{value!r} is not a region", "write one such as us-west-1")
    return value


Region = Annotated[str, AfterValidator(_region)]

_SPEND_EVERY = timedelta(hours=6)
_AT_ONCE = 6
_NOT_ASKED = {"usd": None, "asked_at": None, "why": ""}


class Options(SourceOptions, AwsAccess):
    """A region of an account. Without keys those of this machine are used (its role, ~/.aws)."""

    schema_version: ClassVar[int] = 1
    # Names of machines.
    public_history: ClassVar[bool] = False

    kind: Literal["aws"]
    every: Duration = Field(default=timedelta(minutes=15), description="Its beat")
    region: Region
    duty: str = Field(
        default="AWS", description="Who has it hears of balancers without a healthy host"
    )
    spend: bool = Field(default=True, description="Ask Cost Explorer what the month has cost")

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

        account = Account(self.region, self.endpoint, self.keys, question.seconds)
        account.check()
        spend = _last_spend(question) if self.spend else dict(_NOT_ASKED)
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
        queries = list(questions(instances or (), volumes or (), balancers))[:MOST_QUERIES]
        measured = measure(account, queries, question.now, errors)
        kinds = frozenset({"classic", "application"} & found.keys())
        looks = tuple(Look(one.name, one.kind, one.hosts, one.healthy) for one in balancers)
        data = {
            "region": self.region,
            "instances": _instances(instances, measured),
            "volumes": None if volumes is None else [_fields(one) for one in volumes],
            "balancers": _described(balancers, looks, question) if kinds else None,
            "series": by_metric(measured),
            "spend": found.get("spend", spend),
        }
        watched = Watched(self.duty, looks, kinds) if kinds else None
        return Answer(data, _numbers(data, looks), problems=tuple(errors), watched=watched)


def _all(parts: Mapping[str, Callable[[], Any]]) -> tuple[dict[str, Any], list[LabtoolError]]:
    """What each part answers; what is not allowed is an error and not there. Raises what
    would meet the others too."""
    from labtool.services.aws.refusals import NOT_ALLOWED

    def ask(name: str) -> tuple[str, Any, LabtoolError | None]:
        try:
            return name, parts[name](), None
        except LabtoolError as error:
            return name, None, error

    found, errors = {}, dict[str, LabtoolError]()
    for name, answer, error in each(ask, parts, _AT_ONCE):
        if error is None:
            found[name] = answer
        else:
            errors[name] = error
    # Which of them fails first is chance; which of them is told is not.
    every = [errors[name] for name in parts if name in errors]
    worst = [error for error in every if error.code != NOT_ALLOWED]
    if worst:
        raise next((error for error in worst if isinstance(error, Failed)), worst[0])
    return found, sorted(every, key=str)


def _instances(
    instances: "Sequence[Instance] | None", measured: "list[tuple[Asked, Points]] | None"
) -> list[dict[str, Any]] | None:
    if instances is None:
        return None
    balances = {
        one.query.dimension[1]: line[-1][1] for one, line in measured or () if one.metric == CREDITS
    }
    return [{**_fields(one), "cpu_credits": balances.get(one.id)} for one in instances]


def _described(
    balancers: "Sequence[Balancer]", looks: Sequence[Look], question: Question
) -> list[dict[str, Any]]:
    found = [
        {
            "name": one.name,
            "kind": one.kind,
            "hosts": one.hosts,
            "healthy": one.healthy,
            "down_since": down_since(question.before, look, question.now),
            "groups": [{"name": n, "hosts": h, "healthy": ok} for n, h, ok in one.groups],
        }
        for one, look in zip(balancers, looks, strict=True)
    ]
    return sorted(found, key=lambda one: (one["name"], one["kind"]))


def _last_spend(question: Question) -> dict[str, Any]:
    found = shapes.mapping(shapes.mapping(question.before).get("spend"))
    return {
        "usd": shapes.real(found.get("usd")),
        "asked_at": shapes.instant(found.get("asked_at")),
        "why": shapes.text(found.get("why"), 500) or "",
    }


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


def _numbers(data: Mapping[str, Any], looks: Sequence[Look]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for name, points in ((data["series"] or {}).get("cpu") or {}).items():
        numbers[f"cpu/{name}"] = points[-1][1]
    things = [*(data["instances"] or ()), *(data["volumes"] or ())]
    labels = machine_labels([(one["id"], one["name"]) for one in things])
    for one in data["instances"] or ():
        if one["cpu_credits"] is not None:
            numbers[f"credits/{labels[one['id']]}"] = one["cpu_credits"]
    for label, look in zip(balancer_labels(looks), looks, strict=True):
        numbers[f"healthy/{label}"] = float(look.healthy)
    if data["spend"]["usd"] is not None:
        numbers["spend"] = data["spend"]["usd"]
    return dict(list(numbers.items())[:200])
