"""What a bucket's messages say."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.tasks.workflow.triggers.notices import NoNotice, Notice, read


def event(key: str, kind: str = "ObjectCreated:Put", bucket: str = "lab") -> dict[str, Any]:
    return {
        "eventSource": "aws:s3",
        "eventName": kind,
        "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 1, "eTag": "x"}},
    }


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Records", "s3", "bucket", "name", "object", "key", "eventName", "eventSource",
                 "Type", "Message", "source", "detail", "detail-type", "Event"]
            ),
            inner | st.sampled_from(["aws:s3", "aws.s3", "Notification", "Object Created",
                                     "ObjectCreated:Put"]),
            max_size=5,
        )
    ),
    max_leaves=20,
)  # fmt: skip


def test_files_that_were_made() -> None:
    body = {"Records": [event("run+7/a%2Bb%C3%A9.csv"), event("old", "ObjectRemoved:Delete")]}
    notice = Notice("lab", "run 7/a+bé.csv")
    assert read(json.dumps(body)) == [notice]
    # As a topic of SNS passes it on, and as EventBridge tells it.
    assert read(json.dumps({"Type": "Notification", "Message": json.dumps(body)})) == [notice]
    detail = {"bucket": {"name": "lab"}, "object": {"key": "run 7/a+bé.csv"}}
    bridge = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
    assert read(json.dumps(bridge)) == [notice]
    assert read(json.dumps({**bridge, "detail-type": "Object Deleted"})) == []
    assert read(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})) == []


@pytest.mark.parametrize(
    "body",
    [
        "", "hello", "[]", "1", "null", "{}", '{"Records": 1}', '{"Records": [1]}', "[" * 100_000,
        json.dumps({"Records": [{**event("x"), "eventSource": "aws:ses"}]}),
        json.dumps({"Records": [event("%ff")]}), json.dumps({"Records": [event("")]}),
        json.dumps({"Records": [event("\ud800")]}), json.dumps({"Records": [event("a%00")]}),
        json.dumps({"Records": [event("x" * 1025)]}),
        *(json.dumps({"Records": [event("x", bucket=one)]}) for one in ("a b", "../x", "\ud800")),
    ],
)  # fmt: skip
def test_what_is_no_event(body: str) -> None:
    with pytest.raises(NoNotice) as found:
        read(body)
    assert len(str(found.value)) <= 120


@given(ANY)
def test_any_message_is_read_or_refused(body: Any) -> None:
    try:
        found = read(json.dumps(body))
    except NoNotice:
        return
    assert all(one.bucket and one.name for one in found)
