"""Who runs out is told before: two weeks and three days, each once."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from labtool.core.messages import Recipient
from labtool.tasks.cache.expiry import warnings
from labtool.tasks.cache.sources._base import Expiry
from tests.lab import Lab
from tests.servers.github import TOKEN, GitHub
from tests.servers.github_shapes import Repo

AT = datetime(2026, 12, 20, 9, tzinfo=UTC)
ADMINS = [Recipient("channel", "#admins"), Recipient("person", "ann")]


def keys(now: datetime) -> list[str]:
    expiry = Expiry("the token", AT)
    return [m.key for m in warnings("code", expiry, ADMINS, now, ZoneInfo("UTC"))]


@given(st.integers(0, 40 * 24))
def test_each_admin_hears_twice(hours: int) -> None:
    found = keys(AT - timedelta(hours=hours))
    assert len(found) == (0 if hours > 14 * 24 or hours == 0 else 2)


def test_the_keys_of_a_stage_are_the_same() -> None:
    week = keys(AT - timedelta(days=7))
    assert week == keys(AT - timedelta(days=13))
    assert set(week).isdisjoint(keys(AT - timedelta(days=2)))
    assert keys(AT + timedelta(seconds=1)) == []


def test_a_token_of_github_that_runs_out(lab: Lab) -> None:
    server = GitHub()
    server.start()
    try:
        server.add(Repo("example", "code"))
        server.expires = "2026-12-20 09:00:00 UTC"
        lab.secrets(GITHUB_TOKEN=TOKEN)
        source = {"kind": "github", "base_url": server.url, "organisations": ["example"],
                  "token": "${GITHUB_TOKEN}"}  # fmt: skip
        lab.configure({"lab": {"admins": ["#admins"]}, "cache": {"code": source},
                       "doctor": {"ntp": []}})  # fmt: skip
        said = "The token of GitHub (cache.code) runs out on Sunday 20 December 2026"
        assert said not in lab.run("cache", "--at", "2026-12-01T09:00").out
        assert said in lab.run("cache", "--at", "2026-12-10T09:00").out
        assert said not in lab.run("cache", "--force", "--at", "2026-12-11T09:00").out
        assert said in lab.run("cache", "--force", "--at", "2026-12-18T09:00").out
        assert said not in lab.run("cache", "--force", "--at", "2026-12-19T09:00").out
        looked = lab.run("doctor", "--json", "--at", "2026-12-21T09:00").json()["findings"]
        [about] = [one for one in looked if one["about"] == "credentials"]
        assert about["state"] == "bad"
        assert "the credential of cache.code ran out on" in about["what"]
    finally:
        server.stop()
