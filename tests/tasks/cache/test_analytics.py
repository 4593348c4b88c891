"""What is particular to Google Analytics: properties that cannot be read beside those that can."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.lab import Lab
from tests.servers.analytics import Analytics
from tests.servers.faults import Fault

VALUES = {"totalUsers": 10.0, "sessions": 12.0}


@pytest.fixture
def analytics() -> Iterator[Analytics]:
    server = Analytics()
    server.start()
    yield server
    server.stop()


def configure(lab: Lab, server: Analytics, **more: Any) -> None:
    source = {"kind": "analytics", "base_url": server.url,
              "properties": {"site": "1", "wiki": "2"}, **more}  # fmt: skip
    lab.configure({"cache": {"visits": source}}, server)


def kept(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((lab.state / "cache" / "visits.json").read_text())
    return found


def test_one_that_is_not_shared_does_not_hide_the_others(lab: Lab, analytics: Analytics) -> None:
    analytics.properties["1"] = {analytics.today: VALUES}
    configure(lab, analytics)
    done = lab.run("cache")
    assert done.status == 1
    assert (
        "Google Analytics: wiki: the service account may not read it (analytics.readonly);"
        " add labtool@lab.iam.gserviceaccount.com as a viewer"
    ) in done.err
    site, wiki = kept(lab)["data"]["properties"]
    assert site["totals"]["users"] == 10
    assert (wiki["totals"], wiki["fetched_at"]) == (None, None)
    assert "may not read it" in wiki["error"]
    analytics.properties["2"] = {analytics.today: VALUES}
    assert lab.run("cache", "--force").status == 0
    wiki = kept(lab)["data"]["properties"][1]
    assert (wiki["totals"]["sessions"], wiki["error"]) == (12, "")
    analytics.inject(Fault.status(500), times=None, match="/2:")
    assert lab.run("cache", "--force").status == 75
    later = kept(lab)["data"]["properties"][1]
    assert (later["totals"], later["fetched_at"]) == (wiki["totals"], wiki["fetched_at"])
    assert later["error"]


def test_the_days_that_are_asked_for(lab: Lab, analytics: Analytics) -> None:
    days = {analytics.today - timedelta(days=n): VALUES for n in range(40)}
    analytics.properties |= {"1": days, "2": days}
    configure(lab, analytics, days=7)
    assert lab.run("cache").status == 0
    assert len(kept(lab)["data"]["properties"][0]["days"]) == 7


def test_an_api_that_is_switched_off(lab: Lab, analytics: Analytics) -> None:
    configure(lab, analytics)
    said = "Google Analytics Data API has not been used in project 1 before or it is disabled."
    analytics.inject(
        Fault.json({"error": {"code": 403, "message": said}}, status=403), times=None, match="beta"
    )
    done = lab.run("cache")
    assert done.status == 1
    assert "enable the Google Analytics Data API" in done.err


def test_without_a_service_account(lab: Lab) -> None:
    lab.configure({"cache": {"visits": {"kind": "analytics", "properties": {"site": "1"}}}})
    done = lab.run("cache")
    assert done.status == 1
    assert "add google: {credentials: {file: PATH}}" in done.err


def test_the_number_of_a_stream_is_a_mistake(lab: Lab) -> None:
    lab.configure({"cache": {"visits": {"kind": "analytics", "properties": {"site": "G-1AB"}}}})
    assert "cache.visits.properties.site" in lab.run("check").err
