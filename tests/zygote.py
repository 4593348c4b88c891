"""`labtool` as a process that is forked from one which has imported everything: a run of its
own, with its own folder, environment and output, without the half second of imports.

Run as a program it is that process: it reads a line of JSON for each run from standard input,
and answers with the exit status.
"""

import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, Self

from tests.lab import GUARD, REPO, Lab, Result


class Zygote:
    """Starts runs; `packages` are imported before, with all that is in them."""

    def __init__(self, *packages: str) -> None:
        self._packages = packages
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        path = os.pathsep.join([str(GUARD), str(REPO)])
        self._process = subprocess.Popen(
            [sys.executable, __file__, *self._packages],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC", "PYTHONPATH": path},
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def run(self, lab: Lab, *arguments: str, timeout: float = 60) -> Result:
        """As `lab.run`."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder) / "out", Path(folder) / "err"
            for file in (out, err):
                file.touch()  # it may be killed before it opens them
            order = {
                "arguments": arguments,
                "folder": str(lab.folder),
                "environment": lab.environment(),
                "out": str(out),
                "err": str(err),
                "timeout": timeout,
            }
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            status = int(json.loads(process.stdout.readline()))
            result = Result(status, out.read_text("utf-8"), err.read_text("utf-8"))
        assert "Traceback (most recent" not in result.err + result.out, result.err
        return result


def _child(order: dict[str, Any]) -> None:
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    for number, (name, mode) in enumerate(
        (("/dev/null", "r"), (order["out"], "w"), (order["err"], "w"))
    ):
        flags = os.O_RDONLY if mode == "r" else os.O_WRONLY | os.O_CREAT
        handle = os.open(name, flags, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", buffering=1)  # noqa: SIM115
    sys.argv = ["labtool", *order["arguments"]]
    from labtool.cli import main

    main()


def _run(order: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        end = time.monotonic() + order["timeout"]
        while True:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > end:
                os.kill(child, 9)
            time.sleep(0.005)
    status = 0
    try:
        _child(order)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(bool(error.code))
    except BaseException:  # noqa: BLE001  (the end of a process)
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that were left behind do not keep a process that ends.
    os._exit(status)


def _serve() -> None:
    for package in sys.argv[1:]:
        module = importlib.import_module(package)
        for found in pkgutil.walk_packages(getattr(module, "__path__", []), f"{package}."):
            importlib.import_module(found.name)
    for name in ("aws.account", "google_sheets", "dropbox", "calendar"):
        importlib.import_module(f"labtool.services.{name}").ready()
    for line in sys.stdin:
        print(_run(json.loads(line)), flush=True)


if __name__ == "__main__":
    _serve()
