"""What every kind of source keeps to, whatever its vendor does: the file on the disk is
never missing, never partial, and never older than it says."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from labtool.core.clock import from_iso
from tests.lab import Lab, Result
from tests.servers.faults import Fault
from tests.servers.web import Web
from tests.tasks.cache.stands import Stand, kinds, stand
from tests.zygote import Zygote

pytestmark = pytest.mark.xdist_group("cache contract")

SOURCES = Path(__file__).parents[3] / "labtool" / "tasks" / "cache" / "sources"
# No answer at all ends at the source's timeout.
TIMEOUT = "3s"
FAULTS = [
    Fault.status(500),
    Fault.status(503, retry_after=3600),
    Fault.hang(),
    Fault.drop(),
    Fault.reset(),
    Fault.truncated(),
    Fault.malformed(),
    Fault.html(),
    Fault.html(status=502),
    Fault.reply(b"\xff\xfe\x00", name="bytes"),
    Fault.reply(b"", name="nothing"),
]
# What stands on a kind's own page, and nowhere on its public one.
PRIVATE = {
    "slack": ("Ann Lee",),
    "github": ("example/notes",),
    "dropbox": ("/Lab/Data",),
    "aws": ("front", "m5.large"),
}
NAMES = [f"{number} {fault.name}" for number, fault in enumerate(FAULTS)]


@pytest.fixture(scope="module", params=kinds())
def _stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    made = stand(request.param)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def world(_stand: Stand) -> Stand:
    """A kind's vendor in its good world."""
    _stand.reset()
    return _stand


class Kept:
    """A lab with one source, and what it keeps."""

    def __init__(self, lab: Lab, world: Stand, zygote: Zygote) -> None:
        self.lab, self.world, self._zygote = lab, world, zygote
        config = world.config(lab.folder)
        source = {"timeout": "20s", **config["cache"]["source"]}
        self.config = {**config, "cache": {"source": source}}
        lab.secrets(**world.env())
        lab.configure(self.config)
        self._began = datetime.now(UTC)

    def impatient(self) -> None:
        """Give it little time from now on."""
        source = {**self.config["cache"]["source"], "timeout": TIMEOUT}
        self.lab.configure({**self.config, "cache": {"source": source}})

    def refresh(self, *more: str) -> Result:
        return self._zygote.run(self.lab, "cache", "source", *more)

    def build(self) -> None:
        assert self._zygote.run(self.lab, "build-page").status == 0

    def file(self) -> dict[str, Any]:
        path = self.lab.state / "cache" / "source.json"
        assert path.stat().st_mode & 0o777 == 0o600
        found: dict[str, Any] = json.loads(path.read_bytes())
        assert list(found) == ["name", "kind", "schema", "fetched_at", "ok", "error", "data"]
        assert (found["name"], found["kind"]) == ("source", self.world.kind)
        assert found["schema"] >= 1
        assert isinstance(found["ok"], bool)
        assert found["ok"] == (not found["error"])
        if found["fetched_at"] is not None:
            assert self._began.replace(microsecond=0) <= from_iso(found["fetched_at"])
            assert from_iso(found["fetched_at"]) <= datetime.now(UTC)
        return found

    def succeeds(self, *more: str) -> Any:
        done = self.refresh(*more)
        assert (done.status, done.err) == (0, "")
        found = self.file()
        assert found["ok"]
        return found["data"]

    def fails(self, statuses: tuple[int, ...] = (1, 75)) -> str:
        """The old copy stays, and says why there is no newer one; returns what is said."""
        before = self.file()
        # Anew: an answer that nothing has changed needs no body.
        done = self.refresh("--force")
        assert done.status in statuses, done
        after = self.file()
        assert after["ok"] is False
        assert (after["data"], after["fetched_at"]) == (before["data"], before["fetched_at"])
        assert "bug" not in done.err, done.err
        assert after["error"] in done.err.replace("\n", " ") or after["error"][:60] in done.err
        for secret in self.world.env().values():
            assert secret not in done.err + done.out + after["error"]
        assert not list(self.lab.state.rglob("bug-*"))
        return str(after["error"])


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    """Where runs come from: most of this file's time would be imports."""
    with Zygote("labtool.commands", "labtool.tasks", "labtool.services", "labtool.core") as made:
        yield made


@pytest.fixture
def kept(lab: Lab, world: Stand, zygote: Zygote) -> Kept:
    return Kept(lab, world, zygote)


def test_every_kind_is_here() -> None:
    there = {p.stem.replace("_", "-") for p in SOURCES.glob("[a-z]*.py")}
    assert set(kinds()) == there


def test_good(kept: Kept) -> None:
    kept.world.good(kept.succeeds())
    kept.world.good(kept.succeeds())
    kept.world.good(kept.succeeds("--force"))


def test_empty(kept: Kept) -> None:
    kept.world.empty()
    kept.world.bare(kept.succeeds())


def test_paged(kept: Kept) -> None:
    number = kept.world.many()
    assert kept.world.count(kept.succeeds()) == number


def test_slow(kept: Kept) -> None:
    kept.world.proxy.inject(Fault.delay(0.2), times=3)
    kept.world.good(kept.succeeds())


@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
def test_a_fault_that_lasts(kept: Kept, fault: Fault) -> None:
    kept.world.good(kept.succeeds())
    kept.impatient()
    kept.world.proxy.inject(fault, times=None)
    assert kept.fails()
    kept.world.reset()
    kept.world.good(kept.succeeds("--force"))


def test_a_first_run_that_fails(kept: Kept) -> None:
    kept.world.proxy.inject(Fault.status(500), times=None)
    kept.impatient()
    assert kept.refresh().status == (1 if kept.world.kind == "command" else 75)
    found = kept.file()
    assert (found["ok"], found["data"], found["fetched_at"]) == (False, None, None)


@pytest.mark.parametrize("fault", FAULTS[4:8], ids=NAMES[4:8])
def test_a_fault_in_the_middle(kept: Kept, fault: Fault) -> None:
    """Either it is tried again, or the old copy stays: never a part."""
    kept.world.good(kept.succeeds())
    number = len(kept.world.proxy.requests)
    kept.world.reset()
    for skip in sorted({number // 2, number - 1}):
        before = kept.file()
        passed = iter(range(10_000))
        kept.world.proxy.inject(
            fault, times=1, match=lambda _, passed=passed, skip=skip: next(passed) >= skip
        )
        done = kept.refresh("--force")
        assert done.status in (0, 1, 75)
        found = kept.file()
        if found["ok"]:
            kept.world.good(found["data"])
        else:
            assert (found["data"], found["fetched_at"]) == (before["data"], before["fetched_at"])
        kept.world.reset()


def test_credentials_that_were_revoked(kept: Kept) -> None:
    kept.world.good(kept.succeeds())
    kept.world.proxy.inject(kept.world.refused(), times=None)
    kept.fails((1,) if kept.world.kind != "command" else (1, 75))


def test_a_permission_that_is_missing(kept: Kept) -> None:
    fault = kept.world.forbidden()
    if fault is None:
        return
    kept.world.good(kept.succeeds())
    kept.world.proxy.inject(fault, times=None)
    kept.fails((1,))


def test_a_short_wait_is_waited_for(kept: Kept) -> None:
    kept.world.proxy.inject(kept.world.limited(1), times=1)
    if kept.world.kind == "command":
        assert kept.refresh().status == 1
        return
    kept.world.good(kept.succeeds())


def test_a_long_wait_keeps_the_old_copy(kept: Kept) -> None:
    kept.world.good(kept.succeeds())
    # Those that give tokens have limits of their own.
    limited = kept.world.limited(3000)
    kept.world.proxy.inject(limited, times=None, match=lambda seen: "token" not in seen.path)
    error = kept.fails((75,) if kept.world.kind != "command" else (1,))
    if kept.world.kind not in ("command", "aws"):  # those do not say
        assert re.search(r"until \d\d:\d\d", error), error


def test_its_page(kept: Kept) -> None:
    """Inside always; outside where the config says so, without what is nobody's business."""
    public = kept.world.kind != "slack-presence"
    source = {**kept.config["cache"]["source"], **({"public": True} if public else {})}
    kept.lab.configure({**kept.config, "cache": {"source": source}})
    page = kept.lab.folder / "site-private" / "cache-source.html"
    outside = kept.lab.folder / "site" / "cache-source.html"
    kept.build()
    assert "This source has never answered yet" in page.read_text()
    kept.succeeds()
    kept.succeeds("--force")
    kept.build()
    text = page.read_text()
    assert "never answered" not in text
    assert "As of" in text
    assert outside.exists() == public
    if public:
        for secret in PRIVATE.get(kept.world.kind, ()):
            assert secret in text
            for file in (kept.lab.folder / "site").rglob("*"):
                assert not file.is_file() or secret.encode() not in file.read_bytes(), file
    assert page.parent.stat().st_mode & 0o077 == 0
    for empty in (kept.world.empty, kept.world.many):
        empty()
        kept.succeeds("--force")
        kept.build()
        assert len(page.read_bytes()) < 400_000


def test_odd_answers(kept: Kept) -> None:
    """Fields missing or null: an error in words, or data without them."""
    kept.world.good(kept.succeeds())
    for fault in kept.world.odd:
        kept.world.reset()
        kept.world.proxy.inject(fault, times=None)
        done = kept.refresh("--force")
        assert done.status in (0, 1, 75)
        assert "bug" not in done.err, (fault.name, done.err)
        kept.file()
        kept.build()


HOSTILE = [
    '{"current": [NaN]}',
    '{"current": [{"temp": 1e999}]}',
    '{"current": [{"temp": 1' + "0" * 400 + "}]}",
    '{"current": ' + "[" * 900 + "]" * 900 + "}",
    '{"current": [{"\\ud800": "\\udfff\\u202e\\u0000</script><script>alert(1)</script>"}]}',
    '{"current": [{"__proto__": {"x": 1}, "../../x": "y", "' + "k" * 5000 + '": 1}]}',
    '{"current": "' + "x" * 1_000_000 + '"}',
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text(lab: Lab, web: Web, body: str) -> None:
    url = web.put("/x.json", body, content_type="application/json")
    source = {"kind": "http-json", "url": url, "keep": "current", "plot": {"temp": "[0].temp"}}
    lab.configure({"cache": {"source": source}})
    done = lab.run("cache")
    assert done.status in (0, 1)
    assert "bug" not in done.err
    raw = (lab.state / "cache" / "source.json").read_text()
    assert "NaN" not in raw
    assert "Infinity" not in raw
    json.loads(raw)
    assert lab.run("build-page").status == 0
    page = (lab.folder / "site-private" / "cache-source.html").read_text()
    assert "<script>alert" not in page
    assert len(page) < 50_000
    shown = lab.run("cache", "show", "source").out
    assert "\x00" not in shown
    assert "\u202e" not in shown
