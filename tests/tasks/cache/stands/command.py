"""`kind: command`: a program that prints what a web server has."""

import sys
from pathlib import Path
from typing import Any

from tests.tasks.cache.stands import http_json

_PROGRAM = """
import sys, urllib.request
sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1], timeout=20).read())
"""


class Stand(http_json.Stand):
    """The queue of a cluster."""

    kind = "command"

    def config(self, folder: Path) -> dict[str, Any]:
        run = [sys.executable, "-c", _PROGRAM, f"{self.proxy.url}/now.json"]
        source = {"kind": self.kind, "run": run, "keep": "current"}
        return {"cache": {"source": source}}
