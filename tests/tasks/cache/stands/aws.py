"""`kind: aws`: an account with two machines behind two balancers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Self

from tests.servers.aws import KEY, REGION, SECRET, Aws, refusal
from tests.servers.faults import Fault


class Stand:
    """`web` and `db`; `front` balances on both, `api` on web alone."""

    kind = "aws"
    odd: ClassVar = [
        Fault.reply("<Response/>", content_type="text/xml", name="no fields"),
        Fault.reply("<DescribeInstancesResponse><reservationSet><item/></reservationSet>"
                    "</DescribeInstancesResponse>", content_type="text/xml", name="an empty item"),
        Fault.json({}),
        Fault.json({"MetricDataResults": [{"Id": None}], "ResultsByTime": [None]}),
    ]  # fmt: skip

    def __init__(self) -> None:
        self._aws = Aws()
        self.proxy = self._aws.proxy

    def start(self) -> Self:
        self._aws.start()
        return self

    def stop(self) -> None:
        self._aws.stop()

    def reset(self) -> None:
        self._aws.reset()
        web, db = self._aws.instance("web"), self._aws.instance("db", "m5.large")
        self._aws.classic_balancer("front", web, db)
        self._aws.application_balancer("api", web)
        now = datetime.now(UTC)
        for metric, value in (("CPUUtilization", 25.0), ("CPUCreditBalance", 144.0)):
            points = [(now - timedelta(hours=n), value) for n in (1, 2, 3)]
            self._aws.measure("AWS/EC2", metric, ("InstanceId", web), *points)
        self._aws.measure(
            "AWS/ELB", "RequestCount", ("LoadBalancerName", "front"), (now - timedelta(hours=1), 9)
        )

    def config(self, folder: Path) -> dict[str, Any]:
        source = {
            "kind": self.kind,
            "region": REGION,
            "endpoint": self.proxy.url,
            "key_id": "${AWS_KEY_ID}",
            "secret": "${AWS_SECRET}",
        }
        return {"cache": {"source": source}}

    def env(self) -> dict[str, str]:
        return {"AWS_KEY_ID": KEY, "AWS_SECRET": SECRET}

    def empty(self) -> None:
        self._aws.reset()

    def many(self) -> int:
        self._aws.reset()
        self._aws.client("ec2").run_instances(
            ImageId="ami-12c6146b", MinCount=1100, MaxCount=1100, InstanceType="t3.micro"
        )
        return 1100

    def good(self, data: Any) -> None:
        assert data["region"] == REGION
        machines = {one["name"]: one for one in data["instances"]}
        assert set(machines) == {"web", "db"}
        assert machines["web"]["type"] == "t3.micro"
        assert machines["web"]["state"] == "running"
        assert machines["web"]["cpu_credits"] == 144
        assert machines["db"]["cpu_credits"] is None
        assert machines["web"]["zone"].startswith(REGION)
        attached = {one["attached_to"] for one in data["volumes"]}
        assert attached == {machines["web"]["id"], machines["db"]["id"]}
        assert all(one["gigabytes"] > 0 for one in data["volumes"])
        balancers = {one["name"]: (one["kind"], one["hosts"], one["healthy"])
                     for one in data["balancers"]}  # fmt: skip
        assert balancers == {"front": ("classic", 2, 2), "api": ("application", 1, 1)}
        assert [value for _, value in data["series"]["cpu"]["web"]] == [25.0] * 3
        assert [value for _, value in data["series"]["requests"]["front"]] == [9.0]
        assert data["spend"]["asked_at"]

    def bare(self, data: Any) -> None:
        assert data["instances"] == data["volumes"] == data["balancers"] == []
        assert data["series"] == {}

    def count(self, data: Any) -> int:
        return len(data["instances"])

    def refused(self) -> Fault:
        return Fault.reply(refusal("AuthFailure"), status=401, content_type="text/xml")

    def forbidden(self) -> Fault | None:
        return Fault.reply(refusal("UnauthorizedOperation"), status=403, content_type="text/xml")

    def limited(self, seconds: int) -> Fault:
        """AWS does not say how long."""
        return Fault.reply(refusal("RequestLimitExceeded"), status=503, content_type="text/xml")
