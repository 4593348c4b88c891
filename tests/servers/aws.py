"""AWS: the package moto as a server, behind a proxy that records and fails.

Everything is as in a new account; a test fills it through boto3. Any key is accepted. Unlike
AWS, hosts behind a balancer are healthy as soon as they are registered, and Cost Explorer
knows no costs: inject what should be otherwise.
"""

import urllib.request
from typing import Any, Self

from tests.servers.proxy import Proxy

REGION = "us-west-1"
KEY, SECRET = "AKIAOFTHELAB00000000", "secret-key-of-aws"


class Aws:
    """An account; `proxy` is what a program takes for Amazon."""

    def __init__(self) -> None:
        self.proxy = Proxy()
        self._server: Any = None
        self._upstream = ""

    @property
    def url(self) -> str:
        """The endpoint of all services."""
        return self.proxy.url

    def start(self) -> Self:
        """Start moto and the proxy."""
        from moto.server import ThreadedMotoServer  # type: ignore[import-untyped]

        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self._upstream = self.proxy.upstream = f"http://{host}:{port}"
        self.proxy.start()
        return self

    def stop(self) -> None:
        """End both."""
        self.proxy.stop()
        self._server.stop()

    def reset(self) -> None:
        """A new account; requests and faults are forgotten."""
        self.proxy.reset()
        request = urllib.request.Request(f"{self._upstream}/moto-api/reset", method="POST")
        urllib.request.urlopen(request, timeout=10).close()

    def client(self, service: str) -> Any:
        """A client that reaches moto itself, past the proxy."""
        import boto3

        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self._upstream,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
        )

    def instance(self, name: str, kind: str = "t3.micro") -> str:
        """A running instance; its id."""
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
        reply = self.client("ec2").run_instances(
            ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType=kind,
            TagSpecifications=tags,
        )  # fmt: skip
        return str(reply["Instances"][0]["InstanceId"])

    def measure(self, space: str, metric: str, dimension: tuple[str, str], *points: Any) -> None:
        """Put measurements: (datetime, number)."""
        name, value = dimension
        self.client("cloudwatch").put_metric_data(
            Namespace=space,
            MetricData=[
                {
                    "MetricName": metric,
                    "Dimensions": [{"Name": name, "Value": value}],
                    "Timestamp": at,
                    "Value": number,
                }
                for at, number in points
            ],
        )

    def classic_balancer(self, name: str, *hosts: str) -> None:
        """A classic load balancer with hosts."""
        elb = self.client("elb")
        elb.create_load_balancer(
            LoadBalancerName=name,
            Listeners=[{"Protocol": "http", "LoadBalancerPort": 80, "InstancePort": 80}],
            AvailabilityZones=[f"{REGION}a"],
        )
        if hosts:
            elb.register_instances_with_load_balancer(
                LoadBalancerName=name, Instances=[{"InstanceId": host} for host in hosts]
            )

    def application_balancer(self, name: str, *hosts: str) -> str:
        """An application load balancer with one target group; the group's ARN."""
        subnets = self.client("ec2").describe_subnets()["Subnets"]
        elb = self.client("elbv2")
        made = elb.create_load_balancer(
            Name=name, Subnets=[subnet["SubnetId"] for subnet in subnets], Type="application"
        )["LoadBalancers"][0]
        group = elb.create_target_group(
            Name=f"{name}-hosts", Protocol="HTTP", Port=80, VpcId=made["VpcId"]
        )["TargetGroups"][0]["TargetGroupArn"]
        elb.create_listener(
            LoadBalancerArn=made["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        if hosts:
            elb.register_targets(
                TargetGroupArn=group, Targets=[{"Id": host, "Port": 80} for host in hosts]
            )
        return str(group)


def refusal(code: str, message: str = "no") -> str:
    """A refusal as EC2 writes it; the other services read it too."""
    return (
        f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        "</Errors><RequestID>1</RequestID></Response>"
    )
