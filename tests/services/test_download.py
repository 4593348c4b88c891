"""A server that says what makes no sense of a file's size."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from labtool.services.download import download

MANY = "9" * 5000


@pytest.mark.parametrize(
    "said", [f"200 OK\r\nContent-Length: {MANY}", f"206 P\r\nContent-Range: bytes 1-4/{MANY}"]
)
def test_a_size_of_thousands_of_digits_is_none(said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as pool:

        def answer() -> None:
            # What is no such rest is asked for anew.
            for line in (said, "200 OK") if said.startswith("206") else (said,):
                with server.accept()[0] as connection:
                    connection.recv(65536)
                    connection.sendall(f"HTTP/1.1 {line}\r\n\r\nabcd".encode())

        done = pool.submit(answer)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        with download(url, {}, 10.0, 1, '"v"') as coming:
            assert (coming.start, coming.size) == (0, None)
            assert b"".join(coming.chunks) == b"abcd"
        done.result()
