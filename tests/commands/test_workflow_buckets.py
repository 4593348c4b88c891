"""Files that arrive in buckets, which are listed or tell of them: S3 and SQS on moto."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.commands.test_workflow import config
from tests.commands.test_workflow_files import listed
from tests.lab import Lab
from tests.servers.aws import REGION, Aws

RULE = {"bucket_name_pattern": "lab-.*", "file_name_pattern": r".*\.zip$", "starter_name": "w"}
STEPS = [{"name": "say", "run": "printf %s {path}"}]


@pytest.fixture
def aws() -> Iterator[Aws]:
    found = Aws().start()
    try:
        found.client("s3").create_bucket(
            Bucket="lab-in", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        yield found
    finally:
        found.reset()
        found.stop()


def put(aws: Aws, key: str, body: str) -> None:
    aws.client("s3").put_object(Bucket="lab-in", Key=key, Body=body.encode())


def arrivals(lab: Lab, aws: Aws, trigger: dict[str, Any], **rule: Any) -> None:
    way = {"endpoint": aws.url, "region": REGION, "key_id": "${KEY}", "secret": "${KEY}"}
    lab.secrets(KEY="testing-key")
    schema = {"required": ["path"], "properties": {"name": {}, "file": {}}}
    found = config(STEPS, input=schema)
    lab.configure({**found, "triggers": {"zips": {"s3": way, **RULE, **rule, **trigger}}})


def paths(lab: Lab) -> list[str]:
    return sorted(one["input"]["path"] for one in listed(lab))


def test_a_listed_bucket_starts_each_content_once(lab: Lab, aws: Aws) -> None:
    arrivals(lab, aws, {"s3_listing": "s3://lab-in/in/"})
    put(aws, "in/a 'b'/ü.zip", "1")
    put(aws, "other/a.zip", "1")
    for _ in range(2):
        done = lab.run("workflow", "work")
        assert done.status == 0, done.err
    assert paths(lab) == ["s3://lab-in/in/a 'b'/ü.zip"]
    put(aws, "in/a 'b'/ü.zip", "22")
    lab.run("workflow", "work")
    assert len(paths(lab)) == 2


def test_a_marker_in_a_bucket_stands_for_what_is_below_a_name(lab: Lab, aws: Aws) -> None:
    arrivals(lab, aws, {"s3_listing": "s3://lab-in"}, file_name_pattern=r".*\.done$")
    for key in ("run7/a", "run7/b", "run7.done", "run8/a", "run8/.done", "x", "x.done"):
        put(aws, key, key)
    done = lab.run("workflow", "work")
    # What would be matched with its marker waits for that.
    assert done.status == 0, done.err
    assert paths(lab) == ["s3://lab-in/run7/", "s3://lab-in/run8/", "s3://lab-in/x"]


def queue(aws: Aws) -> str:
    return str(aws.client("sqs").create_queue(QueueName="files")["QueueUrl"])


def tell(aws: Aws, url: str, key: str, kind: str = "ObjectCreated:Put") -> None:
    where = {"bucket": {"name": "lab-in"}, "object": {"key": key}}
    record = {"eventSource": "aws:s3", "eventName": kind, "s3": where}
    say(aws, url, json.dumps({"Records": [record]}))


def say(aws: Aws, url: str, body: str) -> None:
    aws.client("sqs").send_message(QueueUrl=url, MessageBody=body)


def left(aws: Aws, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return sum(int(one) for one in found["Attributes"].values())


def test_a_bucket_tells_of_files_and_each_content_counts_once(lab: Lab, aws: Aws) -> None:
    url = queue(aws)
    arrivals(lab, aws, {"s3_events": url})
    put(aws, "run 7/ü.zip", "1")
    put(aws, "odd.txt", "1")
    for _ in range(3):
        tell(aws, url, "run+7/%C3%BC.zip")
    tell(aws, url, "gone.zip")
    tell(aws, url, "gone.zip", "ObjectRemoved:Delete")
    tell(aws, url, "odd.txt")
    say(aws, url, json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"}))
    done = lab.run("workflow", "work")
    assert done.status == 1
    assert "s3://lab-in/gone.zip went before it was looked at" in done.err
    assert "s3://lab-in/odd.txt: is matched by no rule" in done.err
    assert paths(lab) == ["s3://lab-in/run 7/ü.zip"]
    assert left(aws, url) == 0
    tell(aws, url, "run+7/%C3%BC.zip")
    assert lab.run("workflow", "work").status == 0
    assert len(paths(lab)) == 1


def test_a_bucket_that_really_tells(lab: Lab, aws: Aws) -> None:
    url = queue(aws)
    names = ["QueueArn"]
    sqs = aws.client("sqs")
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]["QueueArn"]
    aws.client("s3").put_bucket_notification_configuration(
        Bucket="lab-in",
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    arrivals(lab, aws, {"s3_events": url})
    put(aws, "a b.zip", "1")
    assert left(aws, url) >= 1
    done = lab.run("workflow", "work")
    assert done.status == 0, done.err
    assert paths(lab) == ["s3://lab-in/a b.zip"]
    assert left(aws, url) == 0


def test_a_message_that_is_no_event_is_told_once_and_stays(lab: Lab, aws: Aws) -> None:
    url = queue(aws)
    aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    arrivals(lab, aws, {"s3_events": url})
    say(aws, url, 'hello "\u202ethere')
    done = lab.run("workflow", "work")
    assert done.status == 1
    assert "no event of a bucket" in done.err
    assert "\u202e" not in done.err
    assert lab.run("workflow", "work").status == 0
    assert left(aws, url) == 1


def test_a_message_of_a_bucket_that_is_not_ours_stops_no_other(lab: Lab, aws: Aws) -> None:
    url = queue(aws)
    aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    arrivals(lab, aws, {"s3_events": url})
    put(aws, "a.zip", "1")
    for bucket, key in (("..", "x.zip"), ("lab-none", "x.zip"), ("lab in", "x.zip"),
                        ("lab-in", "\ud800.zip"), ("lab-in", "a.zip")):  # fmt: skip
        where = {"bucket": {"name": bucket}, "object": {"key": key}}
        record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": where}
        say(aws, url, json.dumps({"Records": [record]}))
    lab.run("workflow", "work")
    assert paths(lab) == ["s3://lab-in/a.zip"]


def test_what_does_not_fit_stays_in_the_queue(lab: Lab, aws: Aws) -> None:
    url = queue(aws)
    aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    arrivals(lab, aws, {"s3_events": url}, starter_name="v")
    put(aws, "a.zip", "1")
    tell(aws, url, "a.zip")
    assert lab.run("workflow", "work").status != 0
    assert left(aws, url) == 1
    arrivals(lab, aws, {"s3_events": url})
    lab.run("workflow", "work")
    assert paths(lab) == ["s3://lab-in/a.zip"]


def test_a_queue_or_a_bucket_that_is_away_is_said_and_stops_no_other(lab: Lab, aws: Aws) -> None:
    arrivals(lab, aws, {"s3_events": f"{aws.url}/123456789012/none"})
    done = lab.run("workflow", "work")
    assert done.status == 1
    assert "there is no such queue" in done.err
    arrivals(lab, aws, {"s3_listing": "s3://lab-none/"})
    assert "there is no such bucket" in lab.run("workflow", "work").err
    arrivals(lab, aws, {"s3_listing": "s3://lab-in/", "s3": {"endpoint": "http://127.0.0.1:9"}})
    assert lab.run("workflow", "work").status != 0


@pytest.mark.parametrize(
    ("trigger", "what"),
    [
        ({}, "says nowhere where files arrive"),
        ({"folder": "in", "s3_listing": "s3://b/"}, "names several places"),
        ({"s3_listing": "s3://b/", "deep": True}, "deep: is of folders"),
        ({"s3_listing": "b"}, "s3_listing"),
        ({"s3_events": "files"}, "s3_events"),
    ],
)
def test_mistakes(lab: Lab, trigger: dict[str, Any], what: str) -> None:
    found = config(STEPS, input={"required": ["path"]})
    lab.configure({**found, "triggers": {"zips": {**RULE, **trigger}}})
    done = lab.run("workflow", "check")
    assert done.status == 2
    assert what in done.err
