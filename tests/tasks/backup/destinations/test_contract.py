"""One suite over every kind of destination: what is written comes back, whole or not at all."""

import random
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from labtool.core.config.kinds import Kinds
from labtool.core.errors import AccessDenied, Failed, Temporary
from labtool.tasks.backup.destinations._base import Destination
from tests.lab import Lab
from tests.servers.faults import Fault
from tests.tasks.backup.destinations.stands import Stand
from tests.tasks.backup.house import House, tree

KINDS = Kinds("labtool.tasks.backup.destinations").names()
REMOTE = [kind for kind in KINDS if kind != "local"]
NAME = "data-20261125T060000Z-0000.tar.zst"
MB = 1024 * 1024
_stands: dict[str, Stand] = {}


@pytest.fixture(scope="module", autouse=True)
def _ended() -> Iterator[None]:
    yield
    for stand in _stands.values():
        stand.stop()
    _stands.clear()


@pytest.fixture
def stand(request: pytest.FixtureRequest) -> Stand:
    kind = request.param
    if kind not in _stands:
        module = import_module(f"tests.tasks.backup.destinations.stands.{kind}")
        _stands[kind] = module.Stand().start()
    _stands[kind].reset()
    return _stands[kind]


every = pytest.mark.parametrize("stand", KINDS, indirect=True)
remote = pytest.mark.parametrize("stand", REMOTE, indirect=True)


def chunks(size: int, seed: int = 1) -> Iterator[bytes]:
    """Bytes in chunks of odd sizes."""
    source = random.Random(seed)
    while size:
        step = min(size, source.choice([1, 1000, 65_536, 1_000_003, MB]))
        yield source.randbytes(step)
        size -= step


def whole(size: int, seed: int = 1) -> bytes:
    return b"".join(chunks(size, seed))


def names(destination: Destination) -> list[str]:
    return sorted(one.name for one in destination.stored())


@every
@pytest.mark.parametrize("size", [0, 1, MB, 8 * MB, 8 * MB + 1, 20 * MB])
def test_it_comes_back(stand: Stand, tmp_path: Path, size: int) -> None:
    destination = stand.destination(tmp_path)
    destination.write(NAME, chunks(size))
    assert stand.content(NAME) == whole(size)
    assert b"".join(destination.read(NAME)) == whole(size)
    assert [(one.name, one.bytes) for one in destination.stored()] == [(NAME, size)]
    assert all(len(chunk) <= 8 * MB for chunk in destination.read(NAME))


@every
def test_replaced_listed_removed(stand: Stand, tmp_path: Path) -> None:
    destination = stand.destination(tmp_path)
    assert names(destination) == []
    files = [f"set-2026112{number}T060000Z.json" for number in range(8)]
    for name in files:
        destination.write(name, [name.encode()])
    assert names(destination) == files
    destination.write(files[0], [b"new"])
    assert b"".join(destination.read(files[0])) == b"new"
    assert names(destination) == files
    for _ in range(2):
        destination.remove(files[0])
    assert names(destination) == files[1:]
    with pytest.raises(Failed):
        b"".join(destination.read(files[0]))


@every
@pytest.mark.parametrize("at", [0, 3 * MB, 12 * MB])
def test_a_source_that_breaks_leaves_nothing(stand: Stand, tmp_path: Path, at: int) -> None:
    def source() -> Iterator[bytes]:
        yield from chunks(at)
        raise Failed("no more")

    destination = stand.destination(tmp_path)
    destination.write(NAME, [b"the one before"])
    with pytest.raises(Failed, match="no more"):
        destination.write(NAME, source())
    assert stand.content(NAME) == b"the one before"
    assert stand.left() == []


@every
def test_leftovers_of_mine_go(stand: Stand, tmp_path: Path) -> None:
    destination = stand.destination(tmp_path)
    for name in ("mine-1", "mine-2", "theirs-1"):
        stand.leave(name)
    before = stand.left()
    assert destination.sweep(lambda name: name.startswith("mine")) == (2 if before else 0)
    assert stand.left() == (["theirs-1"] if before else [])
    assert names(destination) == []


BREAKS = [
    Fault.reset(),
    Fault.drop(committed=True),
    Fault.status(500),
    Fault.status(503, committed=True),
    Fault.status(429, retry_after=1),
    Fault.truncated(),
    Fault.html(),
]


@remote
@pytest.mark.parametrize("fault", BREAKS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("number", range(6))
def test_an_upload_that_breaks_ends_equal(
    stand: Stand, tmp_path: Path, fault: Fault, number: int
) -> None:
    destination = stand.destination(tmp_path, patience=20)
    assert stand.proxy
    destination.write("warm-20261125T060000Z-0000.json", [b"{}"])
    seen = [0]

    def match(_: object) -> bool:
        seen[0] += 1
        return seen[0] == number + 1

    stand.proxy.inject(fault, times=1, match=match)
    destination.write(NAME, chunks(20 * MB))
    assert stand.content(NAME) == whole(20 * MB)
    assert stand.left() == []


@remote
@pytest.mark.parametrize("fault", BREAKS, ids=lambda fault: fault.name)
def test_a_download_that_breaks_goes_on(stand: Stand, tmp_path: Path, fault: Fault) -> None:
    destination = stand.destination(tmp_path, patience=20)
    assert stand.proxy
    destination.write(NAME, chunks(20 * MB))
    for number in range(3):
        seen = [0]

        def match(_: object, seen: list[int] = seen, number: int = number) -> bool:
            seen[0] += 1
            return seen[0] == number + 1

        stand.proxy.inject(fault, times=1, match=match)
        assert b"".join(destination.read(NAME)) == whole(20 * MB)


@remote
def test_an_outage(stand: Stand, tmp_path: Path) -> None:
    destination = stand.destination(tmp_path, patience=0.5)
    assert stand.proxy
    assert names(destination) == []

    def source() -> Iterator[bytes]:
        yield from chunks(12 * MB)
        stand.proxy.inject(Fault.status(503), times=None)  # type: ignore[union-attr]  # it is there
        yield from chunks(12 * MB)

    with pytest.raises(Temporary):
        destination.write(NAME, source())
    stand.proxy.clear()
    assert stand.content(NAME) is None
    destination.sweep(lambda name: True)
    assert stand.left() == []


@remote
def test_revoked_in_the_middle(stand: Stand, tmp_path: Path) -> None:
    destination = stand.destination(tmp_path)
    assert names(destination) == []

    def source() -> Iterator[bytes]:
        yield from chunks(12 * MB)
        assert stand.proxy
        stand.proxy.inject(stand.revoked(), times=None)
        yield from chunks(12 * MB)

    with pytest.raises(AccessDenied):
        destination.write(NAME, source())
    assert stand.proxy
    stand.proxy.clear()
    assert stand.content(NAME) is None


@remote
def test_there_is_no_space(stand: Stand, tmp_path: Path) -> None:
    destination = stand.destination(tmp_path)
    stand.fill_up()
    with pytest.raises(Failed) as caught:
        destination.write(NAME, chunks(9 * MB))
    assert caught.value.code == "full"
    assert caught.value.fix


@every
def test_a_whole_backup(stand: Stand, lab: Lab) -> None:
    house = House(lab)
    lab.secrets(**stand.env())
    house.fill(9)
    house.configure(disks=("away",), section={"destinations": {"away": stand.config(lab.folder)}})
    before = tree(house.source)
    ident = house.save()
    assert house.run("verify", "--latest", "--drill").status == 0
    assert tree(house.restored(ident)) == before
    house.save("--at", "2030-01-01")
    assert house.run("prune", "--at", "2030-06-01").status == 0
    assert len(house.list()) == 1
    listed = [one.name for one in stand.destination(lab.folder).stored()]
    assert len(listed) == 3
    text = "".join(path.read_text() for path in lab.state.rglob("*.log"))
    for secret in stand.env().values():
        assert secret not in text
