"""Times as instruments write them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labtool.core.clock import iso
from labtool.tasks.instruments.watch.times import reader

ZONES = ["UTC", "America/Los_Angeles", "Asia/Kathmandu", "Australia/Lord_Howe"]


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    st.lists(st.timedeltas(timedelta(0), timedelta(hours=3)), max_size=20),
    st.sampled_from(["auto", "seconds", "milliseconds", "microseconds"]),
    st.sampled_from("T "),
)
def test_many_times_are_each_read_as_if_alone(
    name: str, begin: datetime, steps: list[timedelta], form: str, between: str
) -> None:
    zone = ZoneInfo(name)
    read, moment = reader((), zone), begin
    for step in (timedelta(0), *steps):
        moment += step
        text = moment.isoformat(between, form)
        assert read(text) == iso(datetime.fromisoformat(text).replace(tzinfo=zone))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-24T09:00:00Z", "2026-11-24T09:00:00.000Z"),
        ("2026-11-24 09:00:00,250", "2026-11-24T17:00:00.250Z"),
        ("2026-11-24T09:00:00+01:00", "2026-11-24T08:00:00.000Z"),
        ("11/24/2026 9:00:05 PM", "2026-11-25T05:00:05.000Z"),
        ("24.11.2026 09:00:05", "2026-11-24T17:00:05.000Z"),
        ('"2026-11-24T09:00:00"', "2026-11-24T17:00:00.000Z"),
        ("24-Nov-26 09.00", "2026-11-24T17:00:00.000Z"),
        ("", ""),
        ("yesterday", ""),
        ("0001-01-01T00:00:00", ""),
        ("2026-11-24T09:00:60.000", ""),
        ("2026-11-24T09:00:0\u0663.000", ""),
    ],
)
def test_forms(text: str, instant: str) -> None:
    read = reader(("%d-%b-%y %H.%M",), ZoneInfo("America/Los_Angeles"))
    read("2026-11-24T09:00:59.000")
    assert read(text) == instant
