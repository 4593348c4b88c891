"""What CloudWatch is asked about an account's machines, disks and balancers, all in few calls, and
what each line of it is called.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from labtool.core.errors import AccessDenied, LabtoolError
from labtool.tasks.cache.balance import Look

if TYPE_CHECKING:
    from labtool.services.aws.account import Account, Balancer, Instance, Query, Volume

Where = tuple[str, str]
Points = Sequence[tuple[int, float]]

CREDITS = "credits"
MOST_QUERIES = 2000
_PERIOD = timedelta(minutes=15)
_DAY = timedelta(days=1)
_BURSTABLE = ("t2.", "t3.", "t3a.", "t4g.")


@dataclass(frozen=True, slots=True)
class Asked:
    """One measurement: our name for it, of what, and how CloudWatch is asked."""

    metric: str
    label: str
    query: "Query"


def measure(
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


def by_metric(measured: "list[tuple[Asked, Points]] | None") -> dict[str, dict[str, Any]] | None:
    if measured is None:
        return None
    series: dict[str, dict[str, Any]] = {}
    for one, line in measured:
        if one.metric != CREDITS:
            series.setdefault(one.metric, {})[one.label] = [list(point) for point in line]
    return series


def questions(
    instances: "Sequence[Instance]", volumes: "Sequence[Volume]", balancers: "Sequence[Balancer]"
) -> "Iterator[Asked]":
    from labtool.services.aws.account import Query

    labels = machine_labels([(i.id, i.name) for i in instances] + [(v.id, v.name) for v in volumes])

    def asked(metric: str, label: str, space: str, what: str, where: Where, how: str) -> Asked:
        return Asked(metric, label, Query(space, what, where, how))

    for one in instances:
        where, label = ("InstanceId", one.id), labels[one.id]
        yield asked("cpu", label, "AWS/EC2", "CPUUtilization", where, "Average")
        yield asked("network-in", label, "AWS/EC2", "NetworkIn", where, "Sum")
        yield asked("network-out", label, "AWS/EC2", "NetworkOut", where, "Sum")
        if one.type.startswith(_BURSTABLE):
            yield asked(CREDITS, label, "AWS/EC2", "CPUCreditBalance", where, "Average")
    named = balancer_labels(balancers)
    for balancer, label in zip(balancers, named, strict=True):
        classic = balancer.kind == "classic"
        space = "AWS/ELB" if classic else "AWS/ApplicationELB"
        where = ("LoadBalancerName" if classic else "LoadBalancer", balancer.dimension)
        latency = "Latency" if classic else "TargetResponseTime"
        yield asked("latency", label, space, latency, where, "Average")
        yield asked("requests", label, space, "RequestCount", where, "Sum")
    for volume in volumes:
        where, label = ("VolumeId", volume.id), labels[volume.id]
        yield asked("disk-read", label, "AWS/EBS", "VolumeReadBytes", where, "Sum")
        yield asked("disk-write", label, "AWS/EBS", "VolumeWriteBytes", where, "Sum")


def balancer_labels(balancers: "Sequence[Balancer] | Sequence[Look]") -> list[str]:
    """A label for each: its name, with its kind where there is one of either kind."""
    names = [one.name for one in balancers]
    return [one.name if names.count(one.name) == 1 else f"{one.name} ({one.kind})"
            for one in balancers]  # fmt: skip


def machine_labels(named: Sequence[tuple[str, str]]) -> dict[str, str]:
    """A label for each id: its name, with the id where two have the same."""
    names = [name for _, name in named]
    return {key: name if names.count(name) == 1 else f"{name} ({key})" for key, name in named}
