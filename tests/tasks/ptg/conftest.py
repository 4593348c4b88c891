"""A desk over a small event."""

from pathlib import Path

import pytest

from tests.tasks.ptg.event import Chat, document


@pytest.fixture
def chat(tmp_path: Path) -> Chat:
    return Chat(tmp_path / "ptg.json", document())
