"""What is particular to AWS: what is not allowed, wrong clocks, balancers without a host."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web

from tests.lab import Lab
from tests.servers.aws import KEY, REGION, SECRET, Aws, refusal
from tests.servers.faults import Exchange, Fault
from tests.servers.http import Seen
from tests.servers.smtp import Smtp


@pytest.fixture(scope="module")
def _aws() -> Iterator[Aws]:
    server = Aws()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def aws(_aws: Aws, lab: Lab) -> Aws:
    _aws.reset()
    configure(lab, _aws)
    return _aws


def configure(folder: Lab, server: Aws, *others: Any, **more: Any) -> None:
    folder.secrets(AWS_KEY_ID=KEY, AWS_SECRET=SECRET)
    source = {"kind": "aws", "region": REGION, "endpoint": server.url,
              "key_id": "${AWS_KEY_ID}", "secret": "${AWS_SECRET}"}  # fmt: skip
    folder.configure({"cache": {"cloud": source}, **more}, *others)


def data(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((lab.state / "cache" / "cloud.json").read_text())["data"]
    return found


def asks(action: str) -> Any:
    return lambda seen: isinstance(seen.body, dict) and seen.body.get("Action") == action


def refused(code: str, message: str = "no", **headers: str) -> Fault:
    body = refusal(code, message)
    return Fault.reply(body, status=403, content_type="text/xml", headers=headers)


def test_what_is_not_allowed_is_named_and_the_rest_goes_on(lab: Lab, aws: Aws) -> None:
    aws.instance("web")
    aws.proxy.inject(refused("UnauthorizedOperation"), times=None, match=asks("DescribeVolumes"))
    done = lab.run("cache")
    assert done.status == 1
    assert (
        "cache cloud: AWS ec2:DescribeVolumes: a permission is missing;"
        " allow ec2:DescribeVolumes in the user's policy (IAM)"
    ) in done.err
    assert data(lab)["volumes"] is None
    assert [one["name"] for one in data(lab)["instances"]] == ["web"]
    aws.proxy.reset()
    assert lab.run("cache", "cloud").status == 0
    assert len(data(lab)["volumes"]) == 1


def test_one_call_measures_many(lab: Lab, aws: Aws) -> None:
    for number in range(12):
        aws.instance(f"m{number}")
    assert lab.run("cache").status == 0

    def is_measuring(seen: Seen) -> bool:
        raw = seen.body if isinstance(seen.body, bytes) else str(seen.body).encode()
        return b"GetMetricData" in raw or "GetMetricData" in str(seen.headers)

    assert sum(map(is_measuring, aws.proxy.requests)) <= 2


def test_a_wrong_clock_is_told_by_how_much(lab: Lab, aws: Aws) -> None:
    theirs = format_datetime(datetime.now(UTC) + timedelta(minutes=20), usegmt=True)
    fault = refused("RequestExpired", "Request has expired.", Date=theirs)
    aws.proxy.inject(fault, times=None)
    done = lab.run("cache")
    assert done.status == 1
    assert "AWS does not accept this machine's clock: it is 20 minutes slow; set it" in done.err


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("InvalidClientTokenId", "AWS refuses the keys (InvalidClientTokenId)"),
        ("ExpiredToken", "the keys have run out"),
        ("SignatureDoesNotMatch", "AWS refuses the keys (SignatureDoesNotMatch)"),
    ],
)
def test_keys(lab: Lab, aws: Aws, code: str, said: str) -> None:
    aws.proxy.inject(refused(code), times=None)
    done = lab.run("cache")
    assert done.status == 1
    assert said in done.err
    assert KEY not in done.err
    assert SECRET not in done.err


def test_without_any_keys(lab: Lab, aws: Aws) -> None:
    lab.configure({"cache": {"cloud": {"kind": "aws", "region": REGION, "endpoint": aws.url}}})
    done = lab.run("cache", env={"AWS_EC2_METADATA_DISABLED": "true"})
    assert done.status == 1
    assert (
        "AWS: there are no credentials; set key_id: and secret: beside it in the config" in done.err
    )


def test_cost_explorer_need_not_be_allowed(lab: Lab, aws: Aws) -> None:
    denied = Fault.json({"__type": "AccessDeniedException", "message": "no"}, status=400)
    costs = "AWSInsightsIndexService"
    aws.proxy.inject(denied, times=None, match=lambda seen: costs in str(seen.headers))
    assert lab.run("cache").status == 0
    assert data(lab)["spend"]["usd"] is None
    assert "allow ce:GetCostAndUsage" in data(lab)["spend"]["why"]
    seen = len(aws.proxy.requests)
    assert lab.run("cache", "cloud").status == 0
    assert not any(costs in str(one.headers) for one in aws.proxy.requests[seen:])


DUTIES = [["task", "interval", "main", "backup"], ["AWS", "", "Ann Lee", "Bob Stone"]]
PEOPLE = [
    {"name": "Ann Lee", "email": "ann@lab.example"},
    {"name": "Bob Stone", "email": "bob@lab.example"},
]


def test_who_has_the_duty_hears_once_and_once_again(lab: Lab, aws: Aws, smtp: Smtp) -> None:
    host = aws.instance("web")
    aws.classic_balancer("front", host)
    configure(
        lab,
        aws,
        smtp,
        people={"list": PEOPLE},
        sheets={"duties": {"csv": lab.sheet("duties", DUTIES)}},
        remind={},
        lab={"admins": ["Bob Stone"]},
    )
    assert lab.run("cache", "cloud").status == 0
    state = refusal_of_health("OutOfService", host)
    down = aws.proxy.inject(state, times=None, match=asks("DescribeInstanceHealth"))
    assert lab.run("cache", "cloud").status == 0
    assert smtp.mails == []  # one look is none
    for _ in range(3):
        assert lab.run("cache", "cloud", "--force").status == 0
    [mail] = smtp.mails
    assert mail.recipients == ("ann@lab.example",)
    assert "The load balancer front has no healthy host: 1 is behind it." in mail.text()
    down.left = 0
    for _ in range(3):
        assert lab.run("cache", "cloud").status == 0
    first, second = smtp.mails
    assert second.recipients == first.recipients
    assert "The load balancer front has 1 healthy host again." in second.text()


def test_a_duties_sheet_that_cannot_be_read_leaves_the_admins(
    lab: Lab, aws: Aws, smtp: Smtp
) -> None:
    host = aws.instance("web")
    aws.classic_balancer("front", host)
    configure(
        lab,
        aws,
        smtp,
        people={"list": PEOPLE},
        sheets={"duties": {"csv": "sheets/nowhere.csv"}},
        remind={},
        lab={"admins": ["Bob Stone"]},
    )
    assert lab.run("cache", "cloud").status == 0
    state = refusal_of_health("OutOfService", host)
    aws.proxy.inject(state, times=None, match=asks("DescribeInstanceHealth"))
    for _ in range(3):
        lab.run("cache", "cloud")
    told = [mail for mail in smtp.mails if "no healthy host" in mail.text()]
    assert [mail.recipients for mail in told] == [("bob@lab.example",)]


def refusal_of_health(state: str, host: str) -> Fault:
    return Fault.reply(
        '<DescribeInstanceHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/'
        '2012-06-01/"><DescribeInstanceHealthResult><InstanceStates><member>'
        f"<InstanceId>{host}</InstanceId><State>{state}</State></member></InstanceStates>"
        "</DescribeInstanceHealthResult></DescribeInstanceHealthResponse>",
        content_type="text/xml",
    )


def test_the_end_is_told_to_whom_the_outage_was_told(lab: Lab, aws: Aws, smtp: Smtp) -> None:
    """Although the hosts went, the cache file was lost, nobody might look for a while, and the
    duty is somebody else's now."""
    host, elb = aws.instance("web"), aws.client("elb")
    aws.classic_balancer("front", host)

    def duty(who: str) -> None:
        rows = [["task", "interval", "main", "backup"], ["AWS", "", who, "Bob Stone"]]
        sheets = {"duties": {"csv": lab.sheet("duties", rows)}}
        people = {"list": PEOPLE}
        configure(lab, aws, smtp, people=people, sheets=sheets, remind={},
                  lab={"admins": ["Bob Stone"]})  # fmt: skip

    def told() -> list[tuple[str, str]]:
        lines = [(m.recipients[0], line) for m in smtp.mails for line in m.text().splitlines()]
        return [(to, line) for to, line in lines if "The load balancer" in line]

    duty("Ann Lee")
    assert lab.run("cache", "cloud").status == 0
    hosts = {"LoadBalancerName": "front", "Instances": [{"InstanceId": host}]}
    elb.deregister_instances_from_load_balancer(**hosts)
    for _ in range(3):
        assert lab.run("cache", "cloud").status == 0
    down = ("ann@lab.example", "The load balancer front has no host any more: none is behind it.")
    assert told() == [down]
    duty("Bob Stone")
    (lab.state / "cache" / "cloud.json").unlink()
    refusal = aws.proxy.inject(refused("AccessDenied"), match=asks("DescribeInstanceHealth"))
    assert lab.run("cache", "cloud").status == 1
    assert refusal.used == 1
    elb.register_instances_with_load_balancer(**hosts)
    for _ in range(2):
        assert lab.run("cache", "cloud").status == 0
    assert told() == [
        down, ("ann@lab.example", "The load balancer front has 1 healthy host again."),
    ]  # fmt: skip


def test_either_kind_is_judged_without_the_other(lab: Lab, aws: Aws) -> None:
    aws.classic_balancer("front", aws.instance("web"))
    aws.proxy.inject(refused("AccessDenied"), times=None, match=asks("DescribeTargetGroups"))
    aws.application_balancer("api", aws.instance("api"))
    assert lab.run("cache", "cloud").status == 1
    assert [one["name"] for one in data(lab)["balancers"]] == ["front"]


def test_a_target_counts_in_each_of_its_groups(lab: Lab, aws: Aws) -> None:
    host = aws.instance("web")
    aws.application_balancer("api", host)
    elb = aws.client("elbv2")
    balancer = elb.describe_load_balancers()["LoadBalancers"][0]
    group = elb.create_target_group(Name="zz", Protocol="HTTP", Port=80, VpcId=balancer["VpcId"])
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    action = {"Type": "forward", "TargetGroupArn": arn}
    elb.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=81,
                        DefaultActions=[action])  # fmt: skip
    sick = Fault.reply(
        '<DescribeTargetHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/'
        '2015-12-01/"><DescribeTargetHealthResult><TargetHealthDescriptions><member><Target>'
        f"<Id>{host}</Id><Port>80</Port></Target><TargetHealth><State>unhealthy</State>"
        "</TargetHealth></member></TargetHealthDescriptions></DescribeTargetHealthResult>"
        "</DescribeTargetHealthResponse>",
        content_type="text/xml",
    )
    aws.proxy.inject(
        sick, times=None, match=lambda s: asks("DescribeTargetHealth")(s) and "/zz/" in str(s.body)
    )
    assert lab.run("cache", "cloud").status == 0
    [api] = data(lab)["balancers"]
    assert (api["hosts"], api["healthy"], api["down_since"]) == (2, 1, None)
    assert api["groups"] == [
        {"name": "api-hosts", "hosts": 1, "healthy": 1}, {"name": "zz", "hosts": 1, "healthy": 0},
    ]  # fmt: skip


def test_two_of_one_name_have_lines_of_their_own(lab: Lab, aws: Aws) -> None:
    first, second = aws.instance("web"), aws.instance("web")
    hour = datetime.now(UTC) - timedelta(hours=1)
    for host, credit in ((first, 10.0), (second, 500.0)):
        aws.measure("AWS/EC2", "CPUCreditBalance", ("InstanceId", host), (hour, credit))
    aws.classic_balancer("same", first)
    aws.application_balancer("same", first, second)
    assert lab.run("cache", "cloud").status == 0
    with closing(sqlite3.connect(lab.state / "labtool.db")) as base:
        found = dict(base.execute("SELECT series, value FROM history").fetchall())
    assert {f"credits/web ({first})": 10, f"credits/web ({second})": 500}.items() <= found.items()
    assert (found["healthy/same (classic)"], found["healthy/same (application)"]) == (1, 2)


def test_refusals_are_told_alike_whichever_comes_first(lab: Lab, aws: Aws) -> None:
    """Each service has its own words for wrong keys, and they are asked at the same time."""
    said = set()
    for slow in ("DescribeInstances", "DescribeLoadBalancers"):
        aws.proxy.reset()

        async def act(exchange: Exchange, slow: str = slow) -> web.StreamResponse:
            action = (await exchange.request.post()).get("Action")
            if action == slow:
                await asyncio.sleep(0.3)
            code = "InvalidClientTokenId" if "Balancer" in str(action) else "AuthFailure"
            return web.Response(text=refusal(code), status=403, content_type="text/xml")

        aws.proxy.inject(Fault("refused", act), times=None)
        done = lab.run("cache", "--force")
        assert done.status == 1
        said.add(done.err)
    assert len(said) == 1, said
    lab.configure({"cache": {"cloud": {"kind": "aws", "region": REGION, "endpoint": aws.url}}})
    requests = len(aws.proxy.requests)
    env = {"AWS_EC2_METADATA_DISABLED": "true"}
    assert len({lab.run("cache", "--force", env=env).err for _ in range(3)}) == 1
    assert len(aws.proxy.requests) == requests
