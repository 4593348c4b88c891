"""Why a transfer failed, in words that name no class of any library, and the host asked."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
import requests
from urllib3 import exceptions as ue

from labtool.core.errors import LabtoolError
from labtool.services import http
from labtool.services.http_words import why


@pytest.fixture
def garbage() -> Iterator[str]:
    """Who accepts, says something that is not HTTP, and closes."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    peer.recv(1000)
                    peer.sendall(b"SSH-2.0-dropbear\r\n")

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/x"


def said(url: str, where: str = "GitHub /x") -> str:
    with pytest.raises(LabtoolError) as found, http.explained(where):
        requests.get(url, timeout=3)
    return str(found.value)


def test_who_does_not_listen() -> None:
    expected = "127.0.0.1:9 cannot be reached (connection refused)"
    assert said("http://127.0.0.1:9/x") == f"GitHub /x: {expected}"
    # The host is told once.
    assert said("http://127.0.0.1:9/x", "http://127.0.0.1:9/x").count("127.0.0.1:9") == 1
    assert "secret" not in said("http://ann:secret@127.0.0.1:9/x?token=secret")


def test_who_does_not_speak_http(garbage: str) -> None:
    assert "it does not speak HTTP" in said(garbage)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ue.MaxRetryError(None, "/", ue.NewConnectionError(None, "x")), "no connection"),  # type: ignore[arg-type]
        (ue.NameResolutionError("h", None, socket.gaierror(-2, "x")), "there is no host of that"),  # type: ignore[arg-type]
        (ue.ReadTimeoutError(None, "/", "x"), "no answer in time"),  # type: ignore[arg-type]
        (ue.ProtocolError("x", ue.IncompleteRead(1, 2)), "its answer broke off"),
        (ue.SSLError(ssl.SSLCertVerificationError(1, "x")), "x"),
        (RuntimeError("x"), "the connection failed"),
    ],
)
def test_words(error: Exception, words: str) -> None:
    assert why(error).startswith(words)
    assert "Error" not in why(error)
