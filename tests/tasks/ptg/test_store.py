"""The board's files: nothing accepted is lost, nothing broken is used."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from labtool.core.errors import Failed, StateError
from labtool.tasks.ptg import shape
from tests.lab import REPO, poll
from tests.tasks.ptg.event import Chat, document


def export(chat: Chat) -> None:
    # In this order, as somebody may speak in between: what the file has already does no harm.
    upto = chat.store.newest()
    chat.store.export(shape.dump(chat.board.data), upto)


def test_what_another_bot_wrote_is_read_and_what_we_write_it_reads(chat: Chat) -> None:
    chat.say("#nova now x")
    export(chat)
    written = json.loads(chat.path.read_text())
    assert written["now"] == {"nova": "x"}
    assert written["something else"] == {"survives": True}
    assert set(shape.EMPTY) <= set(written)
    assert isinstance(written["tracks"], list)


def test_the_real_event(tmp_path: Path) -> None:
    real = REPO.parent / "shared" / "data" / "ptg-base.json"
    if not real.exists():
        pytest.skip("the data of a real event is not beside this checkout")
    path = tmp_path / "ptg.json"
    path.write_bytes(real.read_bytes())
    chat = Chat(path)
    export(chat)
    before, after = json.loads(real.read_text()), json.loads(path.read_text())
    assert {key: after[key] for key in before} == before


def test_an_old_message_of_the_day_is_migrated(tmp_path: Path) -> None:
    for old, new in (
        ({"level": "warning", "message": "hi"}, [{"level": "warning", "message": "hi"}]),
        ({"level": "info", "message": ""}, []),
        ({"message": "hi"}, [{"level": "info", "message": "hi"}]),
    ):
        chat = Chat(tmp_path / f"{len(str(old))}.json", {"motd": old})
        assert chat.board.data["motd"] == new


def test_changes_after_the_last_export_are_made_again(chat: Chat) -> None:
    chat.say("#nova now one")
    export(chat)
    chat.say("#nova now two")
    chat.ask("in nova")
    held = chat.board.data
    chat.open()
    assert chat.board.data == held
    assert json.loads(chat.path.read_text())["now"] == {"nova": "one"}


def test_undo_survives_a_restart(chat: Chat) -> None:
    chat.say("#nova now one")
    chat.say("~emptydb")
    export(chat)
    chat.open()
    assert chat.say("~undo")[0].startswith("took back: ~emptydb")
    assert chat.board.data["now"] == {"nova": "one"}


def test_an_edit_by_hand_is_obeyed(chat: Chat) -> None:
    export(chat)
    edited = json.loads(chat.path.read_text()) | {"eventid": "by hand"}
    edited["tracks"].append("zun")
    chat.path.write_text(json.dumps(edited))
    chat.say("#nova now x")  # accepted by the bot that does not know of the edit yet
    assert chat.store.edited_outside()
    chat.desk.reload(chat.store.load())
    assert chat.board.data["eventid"] == "by hand"
    assert chat.board.data["now"] == {"nova": "x"}
    assert chat.say("#zun now y")[0].startswith("now in #zun")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_edit_while_the_file_is_written_is_not_lost(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    export(chat)
    chat.say("#nova now x")
    edited = json.loads(chat.path.read_text()) | {"eventid": "by hand"}
    replace, path = Path.replace, chat.path
    chmod = Path.chmod

    def edit() -> None:
        monkeypatch.undo()
        path.write_text(json.dumps(edited))

    def edited_before(self: Path, mode: int) -> None:
        chmod(self, mode)
        edit()

    def edited_after(self: Path, target: Path) -> Path:
        result = replace(self, target)
        edit()
        return result

    if moment == "before":
        monkeypatch.setattr(Path, "chmod", edited_before)
    else:
        monkeypatch.setattr(Path, "replace", edited_after)
    export(chat)
    assert chat.store.edited_outside()
    chat.desk.reload(chat.store.load())
    assert chat.board.data["eventid"] == "by hand"
    if moment == "before":
        assert chat.board.data["now"] == {"nova": "x"}


def broken(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    "damage",
    [
        broken,
        lambda _: b"",
        lambda _: b"<html>",
        lambda _: b"[]",
        lambda _: b'{"tracks": 3}',
        lambda _: b"\xff\xfe\x00",
        lambda _: b'{"a":' * 5000,
    ],
)
def test_a_damaged_file_is_replaced_by_the_last_good_one(chat: Chat, damage: object) -> None:
    assert callable(damage)
    chat.say("#nova now one")
    export(chat)
    chat.say("#nova now two")
    damaged = damage(chat.path.read_bytes())
    chat.path.write_bytes(damaged)
    assert chat.store.being_edited()
    chat.open()
    assert chat.board.data["now"] == {"nova": "two"}
    [trouble] = chat.troubles
    assert (
        "the last good copy (4 tracks) and the journal are used instead; mend ptg.json.broken"
        in str(trouble)
    )
    [aside] = chat.path.parent.glob("ptg.json.broken-*")
    assert aside.read_bytes() == damaged


def test_who_edits_may_take_a_moment(chat: Chat) -> None:
    export(chat)
    good = chat.path.read_bytes()
    chat.path.write_bytes(good[:50])
    assert chat.store.being_edited()
    os.utime(chat.path, (time.time() - 4,) * 2)
    assert not chat.store.being_edited()
    chat.path.write_bytes(good)
    assert not chat.store.being_edited()
    chat.path.unlink()
    assert not chat.store.being_edited()


def test_many_people_are_no_damage(tmp_path: Path) -> None:
    """As an older bot may have left it, which bounds nothing."""
    entry = {"nick": "x", "location": "y", "in": "2026-11-24T10:00:00Z", "out": None}
    many = {f"n{i}": entry for i in range(21_000)}
    chat = Chat(tmp_path / "ptg.json", document() | {"last_check_in": many})
    export(chat)
    chat.open()
    assert len(chat.board.data["last_check_in"]) == 21_000


def test_what_could_not_be_read_again_is_refused(chat: Chat) -> None:
    deep = b'{"extra": ' + b"[" * 60 + b"]" * 60 + b"}"
    for odd in (deep, b'{"extra": NaN}', b'{"extra": 1e999}'):
        with pytest.raises(Failed):
            shape.parse(odd, "there")
    assert shape.parse(b'{"extra": ' + b"[" * 40 + b"]" * 40 + b"}", "there")


def test_the_files_are_not_everybodys(tmp_path: Path) -> None:
    chat = Chat(tmp_path / "ptg.json")
    export(chat)
    assert chat.path.stat().st_mode & 0o777 == 0o640
    assert chat.store.journal.stat().st_mode & 0o777 == 0o600
    chat.path.chmod(0o664)
    export(chat)
    assert chat.path.stat().st_mode & 0o777 == 0o664
    assert chat.store.good.stat().st_mode & 0o777 == 0o664


def test_without_a_good_copy_it_does_not_begin_anew_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "ptg.json"
    path.write_text("{")
    with pytest.raises(Failed, match=r"is not JSON.*move ptg\.json\* away, to begin anew"):
        Chat(path)
    assert path.read_text() == "{"


def test_a_copy_that_is_empty_is_no_help(tmp_path: Path) -> None:
    """Somebody began without a file, then made one by hand, with a comma too many."""
    path = tmp_path / "ptg.json"
    chat = Chat(path)
    export(chat)
    path.write_text('{"tracks": ["bees"],}')
    with pytest.raises(Failed, match=r"is not JSON.*mend it; there is no copy of use"):
        Chat(path)
    assert path.read_text() == '{"tracks": ["bees"],}'


def test_a_damaged_journal_is_put_aside(chat: Chat) -> None:
    chat.say("#nova now one")
    export(chat)
    chat.store.close()
    chat.store.journal.write_bytes(b"not a database, but longer than a header of one" * 50)
    chat.open()
    assert chat.board.data["now"] == {"nova": "one"}
    assert "goes on from ptg.json" in str(chat.troubles[0])
    assert chat.say("#nova now two") == ["now in #nova (Ballroom A): two"]


def test_a_full_disk_refuses_the_change_and_keeps_the_board(chat: Chat) -> None:
    """A limit of SQLite's stands in for the disk's."""
    chat.say("#nova now one")
    pages = chat.store._connection.execute("PRAGMA page_count").fetchone()[0]
    chat.store._connection.execute(f"PRAGMA max_page_count = {pages}")
    answers = [chat.say(f"#nova next {'x' * 450} {n}") for n in range(12)]
    refused = "that could not be kept, so nothing was changed; the admins hear of it"
    assert answers[-1] == [refused]
    kept = [answer for answer in answers if answer != [refused]]
    assert len(chat.board.data["next"]["nova"]) == len(kept)
    assert "the disk is full; free some space" in str(chat.troubles[0])
    chat.store._connection.execute("PRAGMA max_page_count = 100000")
    assert chat.say("#nova now two") == ["now in #nova (Ballroom A): two"]
    held = chat.board.data
    chat.open()
    assert chat.board.data == held


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "ptg.json", tmp_path / "ptg.json"
    real.write_text(json.dumps(document()))
    link.symlink_to(real)
    chat = Chat(link)
    chat.say("#nova now x")
    export(chat)
    assert link.is_symlink()
    assert json.loads(real.read_text())["now"] == {"nova": "x"}


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError):
        Chat(tmp_path / "file" / "ptg.json")


_WRITER = """
import sys
import threading
from pathlib import Path
from labtool.tasks.ptg import shape
from tests.tasks.ptg.event import Chat
chat = Chat(Path(sys.argv[1]))
done = len(chat.board.data["next"].get("nova", ()))
number = int((chat.board.data["now"] | {"nova": "0"})["nova"])
while True:
    number += 1
    assert chat.say(f"#nova now {number}")
    print(number, flush=True)  # answered
    if number % 3 == 0:
        chat.store.export(shape.dump(chat.board.data), chat.store.newest())
"""


def test_killed_at_any_instant_nothing_that_was_answered_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "ptg.json"
    start = document()
    start["last_check_in"] = {f"n{n}": {"nick": f"N{n}", "location": "x" * 50} for n in range(2000)}
    path.write_text(json.dumps(start))
    environment = {**os.environ, "PYTHONPATH": str(REPO)}
    for round_ in range(25):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)],
            stdout=subprocess.PIPE,
            env=environment,
            encoding="utf-8",
        ) as writer:
            assert writer.stdout is not None
            said = [writer.stdout.readline() for _ in range(1 + round_ % 7)]
            writer.send_signal(signal.SIGKILL)
            said += writer.stdout.readlines()
        poll(lambda process=writer: process.returncode is not None)
        json.loads(path.read_text())
        answered = max(int(line) for line in said if line.strip())
        chat = Chat(path)
        assert int(chat.board.data["now"]["nova"]) in (answered, answered + 1)
        assert chat.troubles == []
        assert len(chat.board.data["last_check_in"]) == 2000
        chat.store.close()


def test_who_answers_and_who_exports_do_not_mix(chat: Chat) -> None:
    """They are two threads: what was answered is on the disk, and neither fails."""
    stop, failed = threading.Event(), []

    def exporting() -> None:
        while not stop.is_set():
            try:
                export(chat)
            except (Failed, StateError) as error:
                failed.append(error)

    thread = threading.Thread(target=exporting)
    thread.start()
    try:
        for number in range(300):
            assert chat.say(f"#nova now {number}") == [f"now in #nova (Ballroom A): {number}"]
            if number % 10 == 0:
                assert chat.say("~undo")[0].startswith("took back")
    finally:
        stop.set()
        thread.join()
    assert failed == []
    assert chat.troubles == []
    held = chat.board.data["now"]
    chat.open()
    assert chat.board.data["now"] == held
