import socket

from labtool.services.irc.probe import speaks_tls
from tests.servers.ircd import Ngircd, free_port


def test_what_a_port_speaks(ngircd: Ngircd) -> None:
    assert speaks_tls("127.0.0.1", ngircd.tls_port) is True
    assert speaks_tls("127.0.0.1", ngircd.port) is False
    assert speaks_tls("127.0.0.1", free_port()) is None
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert speaks_tls("127.0.0.1", silent.getsockname()[1], 0.2) is False
