"""A person on IRC: a raw socket that writes lines and waits for lines."""

import socket
import threading
import time
from types import TracebackType
from typing import Self

from tests.lab import poll


class IrcUser:
    """Connected and, with `join`, in that channel. `lines` is all that the server said."""

    def __init__(
        self, port: int, nick: str, *, join: str = "", caps: str = "", user: str = ""
    ) -> None:
        self.nick = nick
        self.lines: list[str] = []
        self._seen = 0
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        if caps:
            self.send(f"CAP REQ :{caps}")
        user = user or nick.strip("[]`^{}|_")[:8] or "odd"
        self.send(f"NICK {nick}", f"USER {user} 0 * :{nick}")
        if caps:
            self.send("CAP END")
        self.wait(" 001 ")
        if join:
            self.join(join)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave; the nick is free then."""
        try:
            self._socket.sendall(b"QUIT :bye\r\n")
            self._thread.join(5)  # the server closes: then the nick is free
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def send(self, *lines: str | bytes) -> None:
        """Write lines."""
        for line in lines:
            data = line.encode() if isinstance(line, str) else line
            self._socket.sendall(data + b"\r\n")

    def say(self, target: str, text: str) -> None:
        """PRIVMSG."""
        self.send(f"PRIVMSG {target} :{text}")

    def join(self, channel: str) -> None:
        """Join, and wait until it is so."""
        self.send(f"JOIN {channel}")
        self.wait(f" 366 {self.nick} {channel.split(' ', maxsplit=1)[0]} ")

    def wait(self, part: str, timeout: float = 10) -> str:
        """The next line, after those that were waited for before, that contains `part`."""
        return poll(lambda: self.next(part), timeout, f"{self.nick} never got {part!r}")

    def next(self, part: str) -> str:
        """The next line that contains `part`; empty where there is none yet."""
        for at in range(self._seen, len(self.lines)):
            if part in self.lines[at]:
                self._seen = at + 1
                return self.lines[at]
        return ""

    def asks(self, question: str, end: str, answer: str) -> bool:
        """Whether the numeric `answer` comes before the numeric `end` after a question."""
        start = len(self.lines)
        self.send(question)
        stop = time.monotonic() + 10
        while time.monotonic() < stop:
            words = [line.split(" ")[1] for line in self.lines[start:] if line.startswith(":")]
            if end in words:
                return answer in words
            time.sleep(0.01)
        raise AssertionError(f"no answer to {question}")

    def texts(self) -> list[str]:
        """What others said, without who and where."""
        return [line.split(" :", 1)[1] for line in list(self.lines) if " PRIVMSG " in line]

    def _read(self) -> None:
        rest = b""
        while True:
            try:
                data = self._socket.recv(65536)
            except OSError:
                return
            if not data:
                return
            *whole, rest = (rest + data).split(b"\r\n")
            for line in whole:
                text = line.decode("utf-8", "surrogateescape")
                if text.startswith("PING "):
                    self.send(text.replace("PING", "PONG", 1))
                self.lines.append(text)
