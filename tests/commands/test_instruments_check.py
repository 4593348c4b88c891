"""`labtool check` of instruments: what a person who sets one up gets wrong."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.commands.serving import served
from tests.commands.test_instruments import TOKEN, Room
from tests.lab import Lab, Result

pytestmark = pytest.mark.xdist_group("instruments")

ROW = "2026-11-24T12:00:00.000,Info,Ann Lee,System,login,7\n"


def checked(lab: Lab, attune: dict[str, Any], *more: str, **sections: Any) -> Result:
    one = {"kind": "attune", **attune}
    lab.configure({"instruments": {"attune": one}, **sections})
    return lab.run("check", *more)


def logs(lab: Lab, *rows: str, name: str = "System_2026-11-24_12-00-00.log") -> str:
    folder = lab.folder / "logs"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(rows), encoding="utf-8")
    return "logs"


def test_logs_that_are_well(lab: Lab) -> None:
    (lab.folder / "logs").mkdir()
    logs(lab, ROW, name="System_2026-11-23_12-00-00.log")
    done = checked(lab, {"logs": logs(lab, "torn row\n", ROW, ROW[:20])})
    assert (done.status, done.err) == (0, "")
    assert "ok: instruments.attune: 2 logs, newest System_2026-11-24_12-00-00.log of " in done.out
    # One that has just begun.
    assert checked(lab, {"logs": logs(lab)}).status == 0


def test_a_folder_that_is_not_there_or_the_wrong_one(lab: Lab) -> None:
    done = checked(lab, {"logs": "nowhere"})
    assert done.status == 2
    assert "instruments.attune.logs: " in done.err
    assert "nowhere cannot be read (No such file or directory); is the folder there" in done.err
    (lab.folder / "empty").mkdir()
    done = checked(lab, {"logs": "empty"})
    assert "has no log of kind attune in " in done.err
    reader = {"kind": "generic-log", "logs": "empty/*.log", "start": "RUN"}
    assert "has no log of kind generic-log" in checked(lab, reader).err


def test_times_that_cannot_be_read(lab: Lab) -> None:
    odd = ROW.replace("2026-11-24T12:00:00.000", "25-Nov-26 12h47m02")
    done = checked(lab, {"logs": logs(lab, odd)})
    assert done.status == 2
    assert "the last one is: 25-Nov-26 12h47m02; write timestamp:" in done.err
    assert checked(lab, {"logs": "logs", "timestamp": "%d-%b-%y %Hh%Mm%S"}).status == 0
    done = checked(lab, {"logs": logs(lab, "nothing that it knows\n")})
    assert "the last one is: nothing that it knows; is it a log of kind attune?" in done.err


@pytest.mark.parametrize(
    ("form", "say"),
    [
        ("%Q", "'%Q' is no form of a time"),
        ("%H:%M:%S", "says no day, or no time of day"),
        ("%d.%m.%Y %I:%M:%S", "says no day, or no time of day"),
    ],
)
def test_forms_of_times_that_are_none(lab: Lab, form: str, say: str) -> None:
    done = checked(lab, {"logs": logs(lab, ROW), "timestamp": [form, "%d.%m.%Y %H:%M:%S"]})
    assert done.status == 2
    assert say in done.err
    assert done.err.count("instruments.attune.timestamp") == 1


@pytest.mark.parametrize(
    ("patterns", "say"),
    [
        ({"start": "RUN (?P<proc>.+)"}, "start: the group proc means nothing here; those of start"),
        ({"start": "RUN", "progress": r"at (\d+)"}, "progress: has no group step; write (?P<step>"),
        ({"start": "RUN", "user": "user (.+)"}, "user: has no group user; write (?P<user>.+)"),
        ({"start": "RUN", "idle": "(?P<what>x)"}, "idle: the group what means nothing here"),
        (
            {"start": "RUN (?P<procedure>.+)", "end": "DONE (?P<outcome>.+)"},
            "end: ends nothing, as start: names procedures",
        ),
    ],
)
def test_groups_that_mean_nothing(lab: Lab, patterns: dict[str, str], say: str) -> None:
    logs(lab, ROW)
    done = checked(lab, {"kind": "generic-log", "logs": "logs", **patterns})
    assert done.status == 2
    assert f"instruments.attune.{say}" in done.err


def test_a_group_without_a_name_is_noted(lab: Lab) -> None:
    logs(lab, ROW)
    done = checked(lab, {"kind": "generic-log", "logs": "logs", "start": "RUN (.+)"})
    assert (done.status, done.err) == (0, "")
    assert "attune.start: a group without a name means nothing; one that does is" in done.out


@pytest.mark.parametrize(
    ("options", "say"),
    [
        ({"closing": "25:00"}, "'25:00' is not a time of day; write hours and minutes"),
        ({"closing": "18.00"}, "'18.00' is not a time of day"),
        ({"server": "lab.example.org"}, "is not a server's address; write http:// or https://"),
        ({"heartbeat": "0s"}, "0s is no time between signs of life; write 1s to 1h"),
        ({"heartbeat": "2h"}, "2h is no time between signs of life"),
    ],
)
def test_values_in_plain_words(lab: Lab, options: dict[str, str], say: str) -> None:
    done = checked(lab, {"logs": logs(lab, ROW), **options})
    assert done.status == 2
    assert say in done.err
    assert "pattern" not in done.err


def test_one_token_of_two_and_one_that_nobody_tells_of(lab: Lab) -> None:
    lab.secrets(ONE=TOKEN, OTHER=TOKEN)
    both = {name: {"kind": "attune"} for name in ("attune", "second", "third")}
    tokens = {"attune": "${ONE}", "second": "${OTHER}"}
    lab.configure({"instruments": both, "serve": {"tokens": tokens}})
    done = lab.run("check")
    assert done.status == 2
    assert "serve.tokens.second: is the token of attune too; give each its own" in done.err
    assert "instruments.third: nobody can tell of third" in done.err
    assert TOKEN not in done.err + done.out


@pytest.mark.parametrize(
    ("run", "say"),
    [
        ("attune-watch", "labtool timers systemd also writes a unit of attune-watch --follow"),
        ("attune-watch --follow", "attune-watch --follow stays; as a timer write attune-watch"),
    ],
)
def test_a_timer_beside_what_stays(lab: Lab, run: str, say: str) -> None:
    timers = {"watch": {"run": run, "when": "every 1m"}}
    done = checked(lab, {"logs": logs(lab, ROW)}, timers=timers)
    assert done.status == 0
    assert say in done.out


def test_online_the_server_is_asked_with_the_token(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.log.say("login")

    def asked() -> Result:
        return room.pc.run("check", "--online")

    down = asked()
    assert (down.status, "cannot be reached" in down.err) == (75, True)
    with served(room.server):
        well = asked()
        assert (well.status, well.err) == (0, "")
        assert f"instruments.attune: {room.url} knows it, and its token" in well.out
        room.pc.secrets(ATTUNE_TOKEN="another")
        refused = asked()
        assert refused.status == 1
        assert "refuses the token; write the same token here and into" in refused.err
        room.pc.secrets(ATTUNE_TOKEN=TOKEN)
        shutil.copytree(room.log.folder, room.pc.folder / "logs")
        other = {"kind": "attune", "logs": "logs", "server": room.url, "token": "${ATTUNE_TOKEN}"}
        room.pc.configure({"instruments": {"other": other}})
        unknown = asked()
        assert "knows no instrument other; is labtool serve there" in unknown.err
