"""What a port speaks, where the config does not say."""

import socket
import ssl
import threading

from labtool.services.irc.probe import as_found, speaks_tls
from tests.lab import poll
from tests.servers.ircd import Inspircd, Ngircd, free_port
from tests.servers.tcp import TcpProxy
from tests.services.irc.running import Running, settings


def test_what_a_port_speaks(ngircd: Ngircd, inspircd: Inspircd) -> None:
    assert speaks_tls("127.0.0.1", ngircd.tls_port) is True
    assert speaks_tls("127.0.0.1", ngircd.port) is False
    assert speaks_tls("127.0.0.1", inspircd.port) is False
    assert speaks_tls("127.0.0.1", free_port()) is None


def test_who_says_nothing_is_not_known(ngircd: Ngircd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert speaks_tls("127.0.0.1", silent.getsockname()[1], 0.2) is None
    with TcpProxy(ngircd.tls_port) as proxy:
        proxy.refuse()
        assert speaks_tls("127.0.0.1", proxy.port) is None


def test_tls_that_closes_on_text_without_a_word(ngircd: Ngircd) -> None:
    """As some do before a server of IRC."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ngircd.folder / "cert.pem", ngircd.folder / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            server.accept()[0].close()
            context.wrap_socket(server.accept()[0], server_side=True).close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert speaks_tls("127.0.0.1", server.getsockname()[1]) is True
        thread.join(5)


def test_a_server_that_comes_later_is_asked_again() -> None:
    server = Ngircd()
    try:
        # A look that comes while the server starts may say nothing; the next comes soon.
        with Running(settings(server.port, tls=None), connect=1.0) as bot:
            bot.tells("cannot reach")
            server.start()
            bot.ready()
    finally:
        server.stop()


def test_a_server_that_closes_at_first_is_asked_again(ngircd: Ngircd) -> None:
    with TcpProxy(ngircd.port) as proxy:
        proxy.refuse()
        chosen = settings(proxy.port, nick="late", channels=("#late",), tls=None)
        with Running(chosen, connect=1.0) as bot:
            bot.tells("cannot reach")
            proxy.refuse(now=False)
            bot.ready()


def test_a_silent_server_is_asked_again(ngircd: Ngircd) -> None:
    with TcpProxy(ngircd.tls_port) as proxy:
        proxy.freeze()
        chosen = settings(
            proxy.port, nick="slow", channels=("#slow",), tls=None, ca_file=ngircd.ca_file
        )
        with Running(chosen, connect=0.2) as bot:
            poll(lambda: proxy.accepted >= 2)
            proxy.thaw()
            bot.ready()


def test_a_password_is_not_sent_without_tls_to_another_machine() -> None:
    chosen = settings(6697, tls=None, server="irc.example.org", password="secret", login="sasl")
    for unknown in (None, True):
        found, note = as_found(chosen, unknown)
        assert (found.tls, found.password, note) == (True, "secret", "")
    found, note = as_found(chosen, False)
    assert (found.tls, found.password, found.login) == (False, "", "none")
    assert "irc.example.org:6697 does not speak TLS, so the password is not sent" in note
    here = settings(6697, tls=None, password="secret", login="sasl")
    assert as_found(here, False)[0].password == "secret"
