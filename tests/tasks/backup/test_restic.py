"""Sets that restic saves: what labtool does with any backup works on its snapshots alike."""

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab, poll
from tests.tasks.backup.house import House, tree
from tests.tools import require

WORD = "a word of restic's"


class Repository(House):
    """A lab with a set that restic saves."""

    def __init__(self, lab: Lab) -> None:
        require("restic")
        lab.secrets(RESTIC_WORD=WORD)
        super().__init__(lab)
        self.where = lab.folder / "repository"
        self.word = lab.folder / "word"
        self.word.write_text(WORD + "\n")
        self.restic("init")

    def configure(self, *, section: Any = None, **more: Any) -> None:  # type: ignore[override]
        options = {
            "paths": ["data"],
            "engine": "restic",
            "repository": "repository",
            "password": {"file": "word"},
            **more,
        }
        self.lab.configure({"backup": {"sets": {"data": options}, **(section or {})}})

    def restic(self, *arguments: str) -> Any:
        """What the program itself says."""
        done = subprocess.run(
            ["restic", "--json", "--no-cache", "-r", self.where, "-p", self.word, *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout) if arguments[0] == "snapshots" else done.stdout


@pytest.fixture
def house(lab: Lab) -> Repository:
    house = Repository(lab)
    house.fill(9)
    return house


def test_all_of_it(house: Repository) -> None:
    (house.source / "*odd [name]").write_text("odd")
    (house.source / "link").symlink_to("nowhere")
    before = tree(house.source)
    first = house.save()
    [snapshot] = house.restic("snapshots")
    assert snapshot["tags"][:2] == ["labtool", "labtool-set=data"]
    assert "labtool-incomplete" not in snapshot["tags"]
    assert tree(house.restored(first)) == before
    odd = str(house.source / "*odd [name]")
    back = house.restored(first, odd)
    assert [path.name for path in back.iterdir()] == ["*odd [name]"]
    (house.source / "f0" / "0.bin").write_bytes(b"changed")
    (house.source / "link").unlink()
    # Ids are of seconds.
    poll(lambda: house.list()[0]["id"] != house.save() or True)
    second = house.list()[0]["id"]
    base = str(house.source).lstrip("/")
    assert house.run("diff", first, second).lines == [f"~ {base}/f0/0.bin", f"- {base}/link"]
    [newest, *_] = house.list()
    assert (newest["engine"], newest["files"], newest["at"]) == ("restic", 10, "restic")
    assert "restic, snapshot" in house.run("show", first).out
    assert "f0/0.bin" in house.run("show", first, "--files").out
    assert house.run("verify").status == 0
    assert house.run("verify", "--latest", "--drill").status == 0


def test_it_is_pruned_as_others_are(house: Repository) -> None:
    house.configure(keep={"last": 1})
    house.restic("backup", "--tag", "of-others", str(house.lab.folder / "word"))
    idents = set[str]()
    while len(idents) < 3:
        idents.add(house.save())
    said = house.run("prune", "--dry-run").out
    assert said.count("would remove data-") == len(house.list()) - 1
    assert house.run("prune").status == 0
    assert [one["id"] for one in house.list()] == [max(idents)]
    assert len(house.restic("snapshots")) == 2  # that of others stays


def test_a_file_that_cannot_be_read(house: Repository) -> None:
    # Not even by root.
    house.configure(paths=["data", "/proc/self/mem"])
    done = house.run("run")
    assert done.status == 1
    assert "/mem" in done.err
    [one] = house.list()
    assert (one["good"], one["files"]) == (False, 9)
    assert "problem: " in house.run("show", one["id"]).out
    # Another machine knows that much.
    shutil.rmtree(house.lab.state / "backup")
    assert not house.list()[0]["good"]
    house.configure()
    house.save()
    house.configure(keep={"last": 1})
    assert house.run("prune").status == 0
    assert [one["good"] for one in house.list()] == [True]


def test_too_little_is_no_backup(house: Repository) -> None:
    house.configure(min_files=100)
    done = house.run("run")
    assert done.status == 1
    assert "has 9 files, fewer than min_files (100)" in done.err
    assert house.restic("snapshots") == []
    shutil.rmtree(house.source)
    assert "is not there" in house.run("run").err


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"repository": "nope"}, 1, "there is no repository"),
        ({"password": "${RESTIC_OTHER}"}, 1, "refuses the password"),
        ({"to": ["disk"]}, 2, "restic saves paths to its repository"),
        ({"password": None}, 2, "restic needs more"),
        ({"engine": "tar"}, 2, "repository: is restic's"),
    ],
)
def test_mistakes(house: Repository, change: dict[str, Any], status: int, said: str) -> None:
    house.lab.secrets(RESTIC_OTHER="wrong")
    house.configure(**change)
    done = house.run("run")
    assert done.status == status
    assert said in done.err
    assert WORD not in done.err + done.out


def test_the_password_is_in_no_argv(house: Repository) -> None:
    house.configure(password="${RESTIC_WORD}")
    ident = house.save()
    assert house.run("show", ident).status == 0
    logs = "".join(path.read_text() for path in house.lab.state.rglob("*.log"))
    assert WORD not in logs


def test_a_damaged_repository(house: Repository) -> None:
    house.save()
    [pack, *_] = sorted(
        (p for p in (house.where / "data").rglob("*") if p.is_file()),
        key=lambda p: -p.stat().st_size,
    )
    content = bytearray(pack.read_bytes())
    random.seed(1)
    content[random.randrange(len(content) // 2)] ^= 4
    pack.chmod(0o600)
    pack.write_bytes(content)
    done = house.run("verify")
    assert done.status == 1
    assert "damaged" in done.err
    assert house.run("verify", "--drill").status == 1


def test_killed_in_the_middle(house: Repository) -> None:
    random.seed(3)
    (house.source / "large").write_bytes(random.randbytes(60_000_000))
    process = house.lab.start("backup", "run")
    poll(lambda: list((house.where / "locks").iterdir()), timeout=30)
    process.kill()
    process.wait(10)
    # The kill reaches both, as that of a machine would.
    subprocess.run(["pkill", "-9", "-f", f"restic backup.*{house.source}"], check=False)
    ident = house.save()
    assert [one["id"] for one in house.list()] == [ident]
    assert house.run("verify", "--latest", "--drill").status == 0


def test_its_age_is_told(house: Repository) -> None:
    assert "data was never saved to restic" in house.lab.run("status").out
    house.save()
    assert "never saved" not in house.lab.run("status").out
    said = house.lab.run("status", "--at", "2099-01-01").out
    assert "the newest copy of data at restic is" in said


def test_nothing_is_left_of_a_folder(house: Repository, tmp_path: Path) -> None:
    ident = house.save()
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine").write_text("mine")
    done = house.run("restore", ident, "--to", out)
    assert done.status == 1
    assert "is not empty" in done.err
    assert house.run("restore", ident, "--to", out, "--force").status == 0
    assert (out / "mine").read_text() == "mine"
