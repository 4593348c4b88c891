"""What the board's pages show, and what they never do."""

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import icalendar
import pytest
from hypothesis import assume, settings
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from labtool.core.config import bare
from labtool.core.config.load import Config
from labtool.core.errors import Failed
from labtool.tasks.page.render import render
from labtool.tasks.ptg import shape
from labtool.tasks.ptg.pages import given
from labtool.tasks.ptg.pages.calendars import file_name
from labtool.tasks.ptg.pages.view import parts
from tests.tasks.ptg.event import DENVER, NOW, document

PADS = "https://pad.example.org/p/{event}-{track}"
COMMON = {"heading": "", "title": "Test", "menu": [], "zone": "UTC"}


def site(document: dict[str, Any], at: datetime = NOW) -> dict[str, bytes]:
    config = bare(Path("/nowhere"))
    lab = config.core.lab.model_copy(update={"timezone": _zone()})
    config = Config(config.path, config.core.model_copy(update={"lab": lab}), config.marked)
    made = given(document, config, at, PADS)
    return render(made.pages, {**COMMON, "zone": _zone(), "menu": made.menu}, at, _undrawn)


def _undrawn(page: Any, error: Exception) -> None:
    raise AssertionError(page) from error


def _zone() -> Any:
    return DENVER


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def page(document: dict[str, Any], name: str = "index.html", at: datetime = NOW) -> str:
    return site(document, at)[name].decode()


def words(html: str) -> str:
    return " ".join(" ".join(_Tags(html).text).split())


def busy() -> dict[str, Any]:
    return document() | {
        "now": {"nova": "with #Cinder, see https://example.org/x."},
        "next": {"nova": ["lunch"], "infra": ["mirrors"]},
        "motd": [{"level": "warning", "message": "Room change"}],
        "links": {"Map": "https://example.org/map", "Bad": "javascript:alert(1)"},
        "urls": {"cinder": "https://meet.example.org/cinder"},
        "colors": {"nova": "teal", "cinder": "red;}body{display:none"},
        "delays": {"cinder": {"TueA2": 15}},
        "last_check_in": {
            "bob": {"nick": "Bob", "location": "#nova", "in": "x", "out": None},
            "eve": {"nick": "Eve", "location": "#nova", "in": "x", "out": "y"},
            "zoe": {"nick": "Zoe", "location": "the pub", "in": "x", "out": None},
        },
        "subscriptions": {"bob": "secret.*"},
        "subscription_owners": {"bob": "account:bob"},
        "timestamp": "2026-11-24T16:59:00.000Z",
    }


def test_the_board() -> None:
    html = page(busy())
    text = words(html)
    for part in (
        "nova Ballroom A",
        "with Cinder , see https://example.org/x .".replace("Cinder", "cinder"),
        "Next lunch",
        "infra",
        "1 here: Bob",
        "the pub 1 here: Zoe",
        "warning Room change",
        "Aspen-TueP1",
        "Vail - North-TueA1",
        "+15 min",
        "09:00\u201310:45",
        "Last change Tuesday 09:59",
    ):
        assert part.replace(" ", "") in text.replace(" ", ""), part
    assert "Eve" not in text
    assert "secret" not in html


def test_the_current_slot_is_marked() -> None:
    html = page(busy())
    [tuesday] = re.findall(r'id="day-2".*?</section>', html, re.DOTALL)
    heads = re.findall(r'<th scope="col"([^>]*)><bdi>(\w+)</bdi>', tuesday)
    assert [name for attributes, name in heads if 'class="on"' in attributes] == ["TueA1"]
    assert 'data-start="2026-11-24T16:00:00Z" data-end="2026-11-24T17:45:00Z"' in heads[0][0]
    assert "Tuesday</bdi> <small>today" in html
    later = page(busy(), at=NOW + timedelta(hours=12))
    assert 'class="on"' not in later


def test_private_keys_are_nowhere_on_the_site() -> None:
    for path, content in site(busy()).items():
        assert b"secret" not in content, path
        assert b"account:bob" not in content, path
    data = json.loads(site(busy())["ptg.json"])
    assert data["last_check_in"]["bob"]["nick"] == "Bob"
    assert "subscriptions" not in data
    assert data["something else"] == {"survives": True}


def test_links_and_etherpads() -> None:
    links = page(busy(), "links.html")
    assert 'href="https://example.org/map"' in links
    assert "javascript" not in links
    pads = page(busy() | {"etherpads": {"infra": "https://own.example.org/i"}}, "etherpads.html")
    assert 'href="https://pad.example.org/p/test-nova"' in pads
    assert 'href="https://own.example.org/i"' in pads


def test_colours_are_colours() -> None:
    files = site(busy())
    [css] = [content for path, content in files.items() if "colours-" in path]
    assert css.decode().count("{") == 1
    assert "background:#008080;color:#fff" in css.decode()


def test_an_empty_board_says_so() -> None:
    assert "The board is empty: there is no database yet" in words(page({}))
    assert "There are no tracks yet" in words(page({}, "etherpads.html"))
    assert "no track has said" in words(page({}, "signage.html")).lower()


def test_the_big_screen() -> None:
    text = words(page(busy(), "signage.html"))
    assert "with cinder , see" in text
    assert "Aspen swift" in text  # on now
    assert "Vail - North cinder" in text  # the slot after


def test_calendars() -> None:
    files = site(busy())
    names = {"all", "cinder", "infra", "nova", "swift"}
    assert {path for path in files if path.endswith(".ics")} == {f"ics/{n}.ics" for n in names}
    every = icalendar.Calendar.from_ical(files["ics/all.ics"])
    assert len(every.walk("VEVENT")) == 8
    [first, second] = icalendar.Calendar.from_ical(files["ics/cinder.ics"]).walk("VEVENT")
    assert str(first["SUMMARY"]) == "cinder"
    assert str(first["LOCATION"]) == "Vail - North"
    assert str(first["URL"]) == "https://meet.example.org/cinder"
    assert "https://pad.example.org/p/test-cinder" in str(first["DESCRIPTION"])
    assert first.decoded("DTSTART") == datetime(2026, 11, 24, 18, 0, tzinfo=UTC)  # 15 min late
    assert second.decoded("DTSTART") == datetime(2026, 11, 24, 20, 30, tzinfo=UTC)
    assert first.decoded("DTSTAMP") == datetime(2026, 11, 24, tzinfo=UTC)
    uids = {str(event["UID"]) for event in every.walk("VEVENT")}
    assert len(uids) == 8
    again = site(busy(), NOW + timedelta(minutes=7))
    assert all(again[path] == files[path] for path in files if path.endswith(".ics"))


@pytest.mark.parametrize(
    "name", ["../../x", "__proto__", "/etc/passwd", "all", "a b", "\u202etxt", ".x", "é"]
)
def test_a_track_of_any_name_has_a_calendar_of_a_safe_name(name: str) -> None:
    assert re.fullmatch(r"ics/[a-z0-9_+-]+\.ics", file_name(name))
    assert file_name(name) != "ics/all.ics"
    odd = document() | {"tracks": [name], "schedule": {name: {"TueA1": name}}}
    assert file_name(name) in site(odd)


def test_names_are_bounded() -> None:
    crowd = {
        f"n{n}": {"nick": f"Nick{n}", "location": "#nova", "in": "x", "out": None}
        for n in range(500)
    }
    text = words(page(busy() | {"last_check_in": crowd}))
    assert "500 here:" in text
    assert "and 488 more" in text
    places = {f"n{n}": {"nick": f"N{n}", "location": f"p{n}", "in": "x"} for n in range(500)}
    assert "and 470 more places" in words(page(busy() | {"last_check_in": places}))


def test_the_board_weighs_little() -> None:
    """All told: the page, its style sheets, scripts, icon and data."""
    tracks = [f"track-{n}" for n in range(60)]
    days = {
        f"Day {d}": [{"name": f"D{d}S{s}", "desc": "09:00-10:00"} for s in range(4)]
        for d in range(5)
    }
    heavy = busy() | {
        "tracks": tracks,
        "slots": days,
        "schedule": {
            f"Room {r}": {f"D{d}S{s}": tracks[(r + s) % 60] for d in range(5) for s in range(4)}
            for r in range(23)
        },
        "now": dict.fromkeys(tracks, "x" * 120),
        "last_check_in": {
            f"nick{n}": {"nick": f"Nick{n}", "location": f"#{tracks[n % 60]}", "in": "x"}
            for n in range(300)
        },
    }
    files = site(heavy)
    assert (
        sum(len(c) for p, c in files.items() if p == "index.html" or p.startswith("assets/"))
        < 150_000
    )


HOSTILE = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "</style><script>x</script>",
            "javascript:alert(1)",
            'https://example.org/"onmouseover=alert(1)',
            "{{ 7*7 }}{% raw %}",
            "&lt;b&gt;",
            "__proto__",
            "../../x",
            "\u202e\u2066evil",
            "\ud800",
            "#nova",
            "x" * 5000,
        ]
    ),
)
_TAGS = """
html head meta title link script body a header p nav main h1 h2 h3 section div article b bdi span
ul li time strong small table thead tbody tr th td code dl dt dd noscript
"""
_names = HOSTILE.filter(lambda t: 0 < len(t) <= 100)


@settings(max_examples=150, deadline=None)
@hypothesis_given(
    st.fixed_dictionaries(
        {},
        optional={
            "eventid": HOSTILE,
            "tracks": st.lists(_names, max_size=3),
            "now": st.dictionaries(_names, HOSTILE, max_size=3),
            "next": st.dictionaries(_names, st.lists(HOSTILE, max_size=2), max_size=2),
            "location": st.dictionaries(_names, HOSTILE, max_size=2),
            "urls": st.dictionaries(_names, HOSTILE, max_size=2),
            "etherpads": st.dictionaries(_names, HOSTILE, max_size=2),
            "colors": st.dictionaries(_names, HOSTILE, max_size=2),
            "links": st.dictionaries(HOSTILE, HOSTILE, max_size=2),
            "motd": st.lists(
                st.fixed_dictionaries({"level": st.just("info"), "message": HOSTILE}), max_size=2
            ),
            "schedule": st.dictionaries(
                _names,
                st.dictionaries(st.sampled_from(["TueA1", "url", "desc"]), HOSTILE),
                max_size=3,
            ),
            "last_check_in": st.dictionaries(
                _names,
                st.fixed_dictionaries({"nick": HOSTILE, "location": HOSTILE, "in": HOSTILE}),
                max_size=3,
            ),
        },
    )
)
def test_whatever_people_type_is_text(typed: dict[str, Any]) -> None:
    try:
        read = shape.parse(json.dumps({**document(), **typed}).encode(), "x")
    except Failed:
        assume("ud800" not in json.dumps(typed))  # half a character is none, and refused
        raise
    files = site(read)
    for path, content in files.items():
        if not path.endswith(".html"):
            continue
        for tag, attributes in _Tags(content.decode()).tags:
            assert tag in _TAGS.split()
            assert not any(name.startswith("on") or name == "style" for name in attributes)
            for name in ("href", "src"):
                value = attributes.get(name)
                safe = re.compile(r"https?://|[a-z0-9/_+.-]+$|#", re.IGNORECASE)
                assert value is None or safe.match(value), value
            if tag == "script":
                assert (attributes["src"] or "").startswith("assets/")
    json.loads(files["ptg.json"])


def test_parts_of_a_topic() -> None:
    known = {"nova": "nova"}
    found = parts("see #NOVA, (http://x.example/a?b=c). #nope ok", known)
    assert [(p.kind, p.text) for p in found] == [
        ("text", "see "),
        ("track", "nova"),
        ("text", ", (http://x.example/a?b=c). #nope ok"),
    ]
    assert [(p.kind, p.text) for p in parts("https://x.example/a?b=c, y", known)] == [
        ("link", "https://x.example/a?b=c"),
        ("text", ", y"),
    ]
