"""Signs of life of what stays."""

import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from labtool.core.alive import alive, worries
from labtool.core.lock import hold


def test_systemd_hears_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        alive(tmp_path, "slack-bot", connected=True, down=0.0)
        assert systemd.recv(100) == b"WATCHDOG=1"
    # Nor does it mind when nobody listens.
    alive(tmp_path, "slack-bot", connected=True, down=0.0)


def test_what_hangs_and_what_is_not_connected(tmp_path: Path) -> None:
    now, later = datetime.now(UTC), datetime.now(UTC) + timedelta(seconds=200)
    alive(tmp_path, "slack-bot", connected=True, down=0.0)
    assert worries(tmp_path, later) == []  # it does not run
    with hold(tmp_path, "slack-bot"):
        assert worries(tmp_path, now) == []
        [worry] = worries(tmp_path, later)
        assert worry.startswith("slack-bot runs, but has given no sign of life for 3m")
        alive(tmp_path, "slack-bot", connected=False, down=300.0)
        assert worries(tmp_path, now) == ["slack-bot is not connected, for 5m"]
        alive(tmp_path, "slack-bot", connected=False, down=None)
        assert worries(tmp_path, now) == ["slack-bot is not connected"]
        alive(tmp_path, "slack-bot", connected=False, down=5.0)
        assert worries(tmp_path, now) == []
        for odd in ("", "[]", json.dumps({"at": 5})):
            (tmp_path / "slack-bot.json").write_text(odd)
            assert worries(tmp_path, later) == []
