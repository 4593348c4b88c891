"""Archives that are sealed for age recipients."""

import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labtool.core.errors import AccessDenied, Failed, Temporary
from labtool.services.age import Sealing, opened, recipients
from tests.lab import Lab
from tests.tasks.backup.house import House, tree
from tests.tools import require


def key(folder: Path, name: str = "key.txt") -> str:
    """Write an identity; its recipient."""
    identity = pyrage.x25519.Identity.generate()
    path = folder / name
    path.write_text(f"# created: today\n# public key: x\n{identity}\n")
    path.chmod(0o600)
    return str(identity.to_public())


@pytest.fixture
def house(lab: Lab) -> House:
    house = House(lab)
    house.fill(12)
    return house


def test_sealed_and_brought_back(house: House) -> None:
    recipient = key(house.lab.folder)
    identity = {"identity": {"file": "key.txt"}}
    house.configure(encrypt=[recipient], section=identity)
    before = tree(house.source)
    ident = house.save()
    assert sorted(p.name for p in house.disk.iterdir()) == [
        f"{ident}.files.zst.age",
        f"{ident}.json",
        f"{ident}.tar.zst.age",
    ]
    for part in house.disk.glob("*.age"):
        assert part.read_bytes().startswith(b"age-encryption.org/v1\n")
    assert tree(house.restored(ident)) == before
    assert house.run("verify").status == 0
    assert house.run("verify", "--drill").status == 0
    # The program that others use opens it too.
    require("age")
    archive = house.disk / f"{ident}.tar.zst.age"
    listed = subprocess.run(
        f"age -d -i {house.lab.folder / 'key.txt'} {archive} | zstd -dc | tar -t",
        shell=True, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "data/f0/0.bin" in listed.stdout


def test_a_machine_that_may_only_seal(house: House) -> None:
    elsewhere = house.lab.folder.parent
    house.configure(encrypt=[key(elsewhere)])
    ident = house.save()
    # What was saved here can be looked at here, and the stored bytes can be checked.
    assert "f0/0.bin" in house.run("show", ident, "--files").out
    done = house.run("verify", "--json")
    assert (done.status, done.json()["counts"]) == (0, {"verified": 1})
    for arguments in (["verify", "--drill"], ["restore", ident, "--to", "out"]):
        done = house.run(*arguments)
        assert done.status == 1
        assert "is sealed; set backup.identity" in done.err
    # With another's identity, too.
    key(house.lab.folder, "other.txt")
    house.configure(encrypt=[key(elsewhere)], section={"identity": {"file": "other.txt"}})
    done = house.run("restore", ident, "--to", "out")
    assert done.status == 1
    assert "is sealed for somebody else" in done.err
    shutil.rmtree(house.lab.state)
    done = house.run("show", ident, "--files")
    assert "is sealed for somebody else" in done.err


@pytest.mark.parametrize("part", ["tar", "files"])
def test_a_flipped_byte_is_found(house: House, part: str) -> None:
    house.configure(encrypt=[key(house.lab.folder)], section={"identity": {"file": "key.txt"}})
    house.save()
    path = next(house.disk.glob(f"*.{part}.zst.age"))
    good = path.read_bytes()
    for seed in range(6):
        random.seed(seed)
        bad = bytearray(good)
        bad[random.randrange(len(bad))] ^= 1 << random.randrange(8)
        path.write_bytes(bad)
        done = house.run("verify")
        assert done.status == 1, seed
        assert "damaged" in done.err or "sealed for somebody else" in done.err


@pytest.mark.parametrize(
    ("recipient", "status"), [("age1" + "q" * 58, 1), ("somebody", 2), ("ssh-rsa AAAA", 1)]
)
def test_recipients_that_are_none(house: House, recipient: str, status: int) -> None:
    house.configure(encrypt=[recipient])
    done = house.run("run")
    assert done.status == status
    assert not list(house.disk.iterdir())


def test_an_identity_that_is_none(house: House) -> None:
    (house.lab.folder / "bad.txt").write_text("AGE-SECRET-KEY-1NONE\n")
    house.configure(encrypt=[key(house.lab.folder)], section={"identity": {"file": "bad.txt"}})
    ident = house.save()
    done = house.run("restore", ident, "--to", "out")
    assert done.status == 1
    assert "is no age identity" in done.err
    assert "SECRET-KEY-1NONE" not in done.err


@given(st.lists(st.binary(max_size=200_000), max_size=12), st.integers(1, 100_000))
@settings(max_examples=20, deadline=None)
def test_what_is_opened_is_what_was_sealed(chunks: list[bytes], size: int) -> None:
    identity = pyrage.x25519.Identity.generate()
    stored: list[bytes] = []
    sealing = Sealing(recipients([str(identity.to_public())]), stored.append)
    for chunk in chunks:
        sealing.write(chunk)
    sealing.close()
    raw = b"".join(stored)
    pieces = (raw[at : at + size] for at in range(0, len(raw), size))
    assert b"".join(opened(pieces, str(identity))) == b"".join(chunks)


def _full(_: bytes) -> None:
    raise Failed("the disk is full")


@pytest.mark.parametrize("end", ["write", "close", "stop"])
def test_a_sink_that_fails(end: str) -> None:
    identity = pyrage.x25519.Identity.generate()
    sealing = Sealing(recipients([str(identity.to_public())]), _full)
    if end == "stop":
        sealing.write(b"x")
        sealing.stop()
        return
    with pytest.raises(Failed, match="full"):
        _pour(sealing, 100 if end == "write" else 1)


def _pour(sealing: Sealing, number: int) -> None:
    for _ in range(number):
        sealing.write(bytes(1_000_000))
    sealing.close()


def test_a_source_that_fails_and_a_reader_who_leaves() -> None:
    identity = pyrage.x25519.Identity.generate()
    stored: list[bytes] = []
    sealing = Sealing(recipients([str(identity.to_public())]), stored.append)
    sealing.write(random.randbytes(5_000_000))
    sealing.close()

    def source(then: Callable[[], None]):  # type: ignore[no-untyped-def]
        yield from stored[:2]
        then()

    def away() -> None:
        raise Temporary("the network is away")

    with pytest.raises(Temporary):
        list(opened(source(away), str(identity)))
    with pytest.raises(ValueError, match="unsealed"):
        list(opened(source(lambda: None), str(identity)))
    reading = opened(iter(stored), str(identity))
    assert next(reading)
    reading.close()
    with pytest.raises(AccessDenied):
        list(opened(iter(stored), str(pyrage.x25519.Identity.generate())))
