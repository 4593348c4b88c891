import json
from pathlib import Path
from typing import Any

import pytest

from labtool.core.config import bare
from labtool.core.errors import ConfigError
from labtool.tasks.ptg.entry import plan
from labtool.tasks.ptg.section import read_old
from tests.lab import Lab

OLD = {
    "irc_nick": "ptgbot",
    "irc_pass": "hunter22",
    "irc_server": "irc.example.org",
    "irc_port": 6697,
    "irc_channel": "#event",
    "db_filename": "html/ptg.json",
}


def test_the_config_of_an_older_bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "elsewhere.json"
    path.write_text(json.dumps({**OLD, "more": "is ignored"}))
    chosen = plan(bare(tmp_path), path, connects=False)
    assert chosen.database == tmp_path / "html" / "ptg.json"
    settings = chosen.settings
    assert (settings.server, settings.port, settings.nick) == ("irc.example.org", 6697, "ptgbot")
    assert (settings.channels, settings.login, settings.account) == (("#event",), "sasl", "")
    assert settings.password == "hunter22"
    assert "hunter22" not in repr(chosen)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"irc_nick": ""}, "irc_nick: is missing"),
        ({"irc_server": None}, "irc_server: is missing"),
        ({"irc_port": "x"}, "irc_port: is not a port"),
        ({"irc_port": 99999}, "irc_port: is not a port"),
        ({"irc_pass": 3}, "irc_pass: is not text"),
        ({"irc_nick": "9bot"}, "irc_nick: '9bot' is not a nick"),
        ({"irc_channel": "#a b"}, "irc_channel: '#a b' is not a channel"),
    ],
)
def test_mistakes_in_an_older_config(tmp_path: Path, change: dict[str, Any], what: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**OLD, **change}))
    with pytest.raises(ConfigError) as found:
        read_old(path)
    assert what in str(found.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "\x00"])
def test_what_is_no_older_config(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(ConfigError):
        read_old(path)


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ("{nick: bot, channels: ['#x']}", "ptg: names no server; write one such as"),
        ("{server: s, nick: bot, channels: [x]}", "'x' is not a channel; write it in quotes"),
        ("{server: s, nick: 9bot, channels: ['#x']}", "'9bot' is not a nick"),
        ("{server: s, nick: bot, channels: []}", "channels names none"),
        ("{server: s, nick: bot, channels: ['#x'], chanels: 3}", "did you mean channels?"),
        ("{server: s, nick: bot, channels: ['#x'], flood: {burst: 0}}", "ptg.flood.burst"),
        ("{server: s, nick: bot, channels: ['#x'], prefix: '#'}", "prefix '#' is none"),
        ("{server: s, port: 0, nick: bot, channels: ['#x']}", "ptg.port"),
    ],
)
def test_mistakes_in_the_section(lab: Lab, section: str, what: str) -> None:
    lab.configure(f"ptg: {section}\n")
    done = lab.run("ptg-bot")
    assert done.status == 2
    assert what in done.err
    assert "labtool.yaml:1" in done.err
    if "names no server" not in what:  # that is a board without IRC
        assert what in lab.run("check").err + lab.run("check").out


def test_a_section_is_all_that_is_needed(lab: Lab) -> None:
    lab.configure('ptg: {server: irc.example.org, nick: bot, channels: ["#event"]}\n')
    done = lab.run("ptg-bot", "--dry-run")
    assert done.status == 0
    assert "would connect to irc.example.org:6697 with TLS as bot" in done.out
    assert "0 tracks" in done.out
    assert not (lab.folder / "ptg.json").exists()
    assert not (lab.folder / "state").exists()
    assert lab.run("ptg-bot", "--dry-run", "--json").json()["board"]["tracks"] == 0


def test_without_the_section(lab: Lab) -> None:
    lab.configure("lab: {name: x}\n")
    done = lab.run("ptg-bot")
    assert done.status == 2
    assert "has no section ptg; write ptg: {server: irc" in done.err
