"""An account in one region: machines, disks, balancers, their measurements, the bill."""

import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from labtool.core.errors import Temporary
from labtool.core.text import one_line
from labtool.services.aws.refusals import explained

_CALL_SECONDS = 20.0
# What AWS takes in one call of get_metric_data.
_QUERIES = 500
_MOST = 2000
# What AWS says of a target whose group has no health check.
_UNCHECKED = "unavailable"
_TRIES = 2


@dataclass(frozen=True, slots=True)
class Instance:
    """A virtual machine; `name` is its tag, or its id."""

    id: str
    name: str
    type: str
    zone: str
    state: str


@dataclass(frozen=True, slots=True)
class Volume:
    """A disk of so many gigabytes; `attached_to` is an instance's id, or empty."""

    id: str
    name: str
    type: str
    gigabytes: int
    zone: str
    state: str
    attached_to: str


@dataclass(frozen=True, slots=True)
class Balancer:
    """A load balancer with the hosts behind it; those of an application balancer are counted in
    each of its target groups (`groups`: name, hosts, healthy). `dimension` is how CloudWatch
    knows it."""

    name: str
    kind: Literal["classic", "application"]
    hosts: int
    healthy: int
    dimension: str
    groups: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """One measurement to ask for: CloudWatch's namespace, metric, dimension, statistic."""

    namespace: str
    metric: str
    dimension: tuple[str, str]
    statistic: str


class Account:
    """Reads for at most so many seconds in all, from many threads. Every method raises
    AccessDenied, Failed and Temporary."""

    def __init__(
        self, region: str, endpoint: str, keys: tuple[str, str] | None, seconds: float
    ) -> None:
        self._region, self._endpoint = region, endpoint or None
        self._keys = keys
        self._end = time.monotonic() + seconds
        self._turn = threading.Lock()
        self._session: Any = None
        self._clients: dict[str, Any] = {}

    def check(self) -> None:
        """Whether there are any credentials to ask with; nothing is asked of AWS."""
        from botocore.exceptions import NoCredentialsError

        with explained("credentials"), self._turn:
            found = self._connected().get_credentials()
            if found is None:
                raise NoCredentialsError
            found.get_frozen_credentials()

    def instances(self) -> list[Instance]:
        """Those that are not gone."""
        pages = self._pages("ec2", "describe_instances", "Reservations")
        found = [one for page in pages for one in page.get("Instances") or ()]
        return [
            Instance(
                str(one["InstanceId"]),
                _name(one, one["InstanceId"]),
                str(one.get("InstanceType") or ""),
                str((one.get("Placement") or {}).get("AvailabilityZone") or ""),
                state,
            )
            for one in found
            if (state := str((one.get("State") or {}).get("Name") or "")) != "terminated"
        ]

    def volumes(self) -> list[Volume]:
        """The EBS volumes."""
        return [
            Volume(
                str(one["VolumeId"]),
                _name(one, one["VolumeId"]),
                str(one.get("VolumeType") or ""),
                int(one.get("Size") or 0),
                str(one.get("AvailabilityZone") or ""),
                str(one.get("State") or ""),
                next((str(a["InstanceId"]) for a in one.get("Attachments") or ()), ""),
            )
            for one in self._pages("ec2", "describe_volumes", "Volumes")
        ]

    def classic_balancers(self) -> list[Balancer]:
        """Classic load balancers."""
        found = []
        for one in self._pages("elb", "describe_load_balancers", "LoadBalancerDescriptions"):
            name = str(one["LoadBalancerName"])
            states = self._call("elb", "describe_instance_health", LoadBalancerName=name)
            hosts = states.get("InstanceStates") or ()
            healthy = sum(host.get("State") == "InService" for host in hosts)
            found.append(Balancer(name, "classic", len(hosts), healthy, name))
        return found

    def application_balancers(self) -> list[Balancer]:
        """Application load balancers; their hosts are those of all target groups."""
        found = []
        for one in self._pages("elbv2", "describe_load_balancers", "LoadBalancers"):
            if one.get("Type") != "application":
                continue
            arn = str(one["LoadBalancerArn"])
            groups = self._pages(
                "elbv2", "describe_target_groups", "TargetGroups", LoadBalancerArn=arn
            )
            counted = [self._counted(group) for group in groups]
            dimension = arn.partition(":loadbalancer/")[2]
            hosts, healthy = sum(h for _, h, _ in counted), sum(ok for _, _, ok in counted)
            name = str(one["LoadBalancerName"])
            groups_of = tuple(sorted(counted))
            found.append(Balancer(name, "application", hosts, healthy, dimension, groups_of))
        return found

    def _counted(self, group: Mapping[str, Any]) -> tuple[str, int, int]:
        """A target group: its name, its hosts, and how many of them are healthy. Those that
        nobody checks are not counted."""
        arn = str(group["TargetGroupArn"])
        reply = self._call("elbv2", "describe_target_health", TargetGroupArn=arn)
        states = [
            (target.get("TargetHealth") or {}).get("State")
            for target in reply.get("TargetHealthDescriptions") or ()
        ]
        hosts = [state for state in states if state != _UNCHECKED]
        return str(group.get("TargetGroupName") or arn), len(hosts), hosts.count("healthy")

    def measurements(
        self, queries: Sequence[Query], since: datetime, until: datetime, period: timedelta
    ) -> list[list[tuple[int, float]]]:
        """What was measured for each query, oldest first (Unix seconds), each over a period."""
        found: list[dict[int, float]] = [{} for _ in queries]
        for start in range(0, len(queries), _QUERIES):
            asked = [
                _metric(f"q{number}", query, period)
                for number, query in enumerate(queries[start : start + _QUERIES], start)
            ]
            results = self._pages(
                "cloudwatch",
                "get_metric_data",
                "MetricDataResults",
                MetricDataQueries=asked,
                StartTime=since,
                EndTime=until,
            )
            for result in results:
                number = int(str(result["Id"])[1:])
                values = zip(
                    result.get("Timestamps") or (), result.get("Values") or (), strict=True
                )
                found[number] |= {
                    int(at.timestamp()): float(value)
                    for at, value in values
                    if math.isfinite(value)
                }
        return [sorted(points.items()) for points in found]

    def spent(self, today: date) -> float:
        """What this month has cost until yesterday, in USD."""
        first = today.replace(day=1)
        end = max(today, first + timedelta(days=1))
        reply = self._call(
            "ce",
            "get_cost_and_usage",
            TimePeriod={"Start": str(first), "End": str(end)},
            Granularity="MONTHLY",
            Metrics=["UnblendedCost"],
        )
        with explained("ce:GetCostAndUsage"):
            amounts = [one["Total"]["UnblendedCost"]["Amount"] for one in reply["ResultsByTime"]]
            spent = sum(float(amount) for amount in amounts)
            if not math.isfinite(spent):
                raise ValueError(spent)
            return spent

    def _pages(self, service: str, method: str, key: str, **args: Any) -> Iterator[dict[str, Any]]:
        with explained(_action(service, method)):
            paginator = self._client(service).get_paginator(method)
            number = 0
            for page in paginator.paginate(**args):
                if not isinstance(page.get(key), list):
                    raise TypeError(key)
                for one in page[key][: _MOST - number]:
                    number += 1
                    yield one
                if number >= _MOST:
                    return
                if self._end < time.monotonic():
                    where = f"AWS {_action(service, method)}"
                    raise Temporary("there was not time enough", where=where, code="late")

    def _call(self, service: str, method: str, **args: Any) -> Mapping[str, Any]:
        with explained(_action(service, method)):
            reply: Mapping[str, Any] = getattr(self._client(service), method)(**args)
            return reply

    def _client(self, service: str) -> Any:
        """A client, made when it is first needed: to make one is not for many threads."""
        with self._turn:
            if service not in self._clients:
                self._clients[service] = self._made(service)
            return self._clients[service]

    def _made(self, service: str) -> Any:
        from botocore.config import Config

        left = max(1.0, min(_CALL_SECONDS, self._end - time.monotonic()))
        settings = Config(
            # A large account's answer takes its time; that somebody is there does not.
            connect_timeout=left / _TRIES,
            read_timeout=left,
            retries={"mode": "standard", "total_max_attempts": _TRIES},
        )
        return self._connected().client(service, endpoint_url=self._endpoint, config=settings)

    def _connected(self) -> Any:
        import boto3

        if self._session is None:
            key, secret = self._keys or (None, None)
            self._session = boto3.session.Session(
                aws_access_key_id=key, aws_secret_access_key=secret, region_name=self._region
            )
        return self._session


def _action(service: str, method: str) -> str:
    """How a policy names a call."""
    prefix = {"elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing"}.get(service, service)
    return f"{prefix}:{''.join(word.capitalize() for word in method.split('_'))}"


def _metric(name: str, query: Query, period: timedelta) -> dict[str, Any]:
    key, value = query.dimension
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {
                "Namespace": query.namespace,
                "MetricName": query.metric,
                "Dimensions": [{"Name": key, "Value": value}],
            },
            "Period": int(period.total_seconds()),
            "Stat": query.statistic,
        },
        "ReturnData": True,
    }


def _name(one: Mapping[str, Any], otherwise: str) -> str:
    tags = {tag.get("Key"): tag.get("Value") for tag in one.get("Tags") or ()}
    return one_line(str(tags.get("Name") or otherwise), 100)


def ready() -> None:
    """Import what an account needs, before many threads do."""
    import botocore.config
    import botocore.exceptions
    import botocore.parsers  # noqa: F401
