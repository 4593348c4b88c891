"""Real IRC servers as throwaway processes: ngIRCd, and InspIRCd with Atheme's services."""

import base64
import math
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import trustme

from tests.lab import poll
from tests.servers.irc_user import IrcUser

SERVICES = "services.test"
OPER = "root"


def free_port() -> int:
    """A port of loopback that nobody has now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class _Ircd:
    """A process that listens on `port`; `restart` keeps the port."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="labtool-ircd-"))
        self.port = free_port()
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> Self:
        """Start, and wait until it accepts connections."""
        self._launch()
        poll(lambda: _accepts(self.port), message=f"no IRC server: {self.log()}")
        return self

    def stop(self) -> None:
        """Kill it; every connection ends."""
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def halt(self) -> None:
        """Kill it, and keep its folder for a new start."""
        for process in self._processes:
            process.kill()
            process.wait(10)
        self._processes.clear()

    def log(self) -> str:
        """What it printed."""
        return "".join(file.read_text(errors="replace") for file in self.folder.glob("*.log"))

    def user(self, nick: str, *, join: str = "", caps: str = "", user: str = "") -> IrcUser:
        """A person who is connected; `user` is their user name."""
        return IrcUser(self.port, nick, join=join, caps=caps, user=user)

    def _launch(self) -> None:
        raise NotImplementedError

    def _run(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as out:
            self._processes.append(
                subprocess.Popen(
                    command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out
                )
            )


def _accepts(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def _dh_parameters() -> bytes:
    """The group ffdhe2048 of RFC 7919, as ngIRCd would take up to half a minute to find one.
    It is made of the digits of e: `2^2048 - 2^1984 + (floor(2^1918 e) + 560316) 2^64 - 1`."""
    scale = 1 << 2200
    euler = sum(scale // math.factorial(n) for n in range(400))
    prime = 2**2048 - 2**1984 + ((euler >> (2200 - 1918)) + 560316) * 2**64 - 1
    der = bytes.fromhex("30820108 02820101 00") + prime.to_bytes(256, "big") + bytes([2, 1, 2])
    body = base64.encodebytes(der)
    return b"-----BEGIN DH PARAMETERS-----\n" + body + b"-----END DH PARAMETERS-----\n"


class Ngircd(_Ircd):
    """Also listens with TLS on `tls_port`, with a certificate of `ca_file`. No flood limits,
    no lookups. The first in a channel is its operator. With
    a `peer`, it links to that one, and both are one network."""

    def __init__(self, *, peer: "Ngircd | None" = None) -> None:
        super().__init__()
        self._peer = peer
        self.tls_port = free_port()
        self.ca_file = self.folder / "ca.pem"

    def _certificates(self) -> None:
        if self.ca_file.exists():
            return
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        certificate = authority.issue_cert("localhost", "127.0.0.1")
        certificate.private_key_pem.write_to_path(self.folder / "key.pem")
        for pem in certificate.cert_chain_pems:
            pem.write_to_path(self.folder / "cert.pem", append=True)
        (self.folder / "dh.pem").write_bytes(_dh_parameters())

    def _launch(self) -> None:
        self._certificates()
        config = self.folder / "ngircd.conf"
        peer = f"Host = 127.0.0.1\n    Port = {self._peer.port}" if self._peer else ""
        config.write_text(f"""
[Global]
    Name = {"two" if peer else "irc"}.test
    Info = test
    AdminEMail = admin@irc.test
    Listen = 127.0.0.1
    Ports = {self.port}
    MotdPhrase = hello
    ServerUID = {os.getuid()}
    ServerGID = {os.getgid()}
[Limits]
    MaxConnections = 0
    MaxConnectionsIP = 0
    MaxJoins = 50
    MaxNickLength = 30
    MaxPenaltyTime = 0
    PingTimeout = 120
    ConnectRetry = 5
[Options]
    DNS = no
    Ident = no
    PAM = no
[SSL]
    CertFile = {self.folder / "cert.pem"}
    KeyFile = {self.folder / "key.pem"}
    DHFile = {self.folder / "dh.pem"}
    Ports = {self.tls_port}
[Server]
    Name = {"irc" if peer else "two"}.test
    MyPassword = link
    PeerPassword = link
    {peer}
""")
        self._run("ngircd", "/usr/sbin/ngircd", "-n", "-f", str(config))

    def start(self) -> Self:
        """Start, and wait until it accepts connections with and without TLS."""
        super().start()
        poll(lambda: _accepts(self.tls_port), message=f"no TLS: {self.log()}")
        return self


class Inspircd(_Ircd):
    """InspIRCd with Atheme: NickServ, SASL, accounts in tags, WHOX, WHOIS 330. An operator
    (`OPER root root`) may KILL and SANICK. One that is not `modern` has no capabilities, so
    that an account is found by WHO and WHOIS only."""

    def __init__(self, *, modern: bool = True) -> None:
        super().__init__()
        self._modern = modern
        self._link = free_port()

    def _launch(self) -> None:
        config = self.folder / "inspircd.conf"
        modules = "services_account sanick sapart spanningtree"
        if self._modern:
            modules += " sasl cap ircv3 ircv3_accounttag ircv3_capnotify ircv3_chghost"
            modules += " namesx uhnames"
        config.write_text(
            f"""
<server name="irc.test" description="t" id="0AA" network="Test">
<admin name="a" nick="a" email="a@irc.test">
<bind address="127.0.0.1" port="{self.port}" type="clients">
<bind address="127.0.0.1" port="{self._link}" type="servers">
<connect name="all" allow="*" timeout="60" pingfreq="120" recvq="10485760" sendq="10485760"
 softsendq="10485760" hardsendq="104857600" threshold="1000000" commandrate="1000000000"
 fakelag="off" localmax="1000" globalmax="1000" maxchans="100" resolvehostnames="no">
<class name="All" commands="KILL SANICK SAPART" privs="*" usermodes="*" chanmodes="*">
<type name="NetAdmin" classes="All">
<oper name="{OPER}" password="{OPER}" host="*@*" type="NetAdmin">
<link name="{SERVICES}" ipaddr="127.0.0.1" port="{self._link}" allowmask="127.0.0.1"
 sendpass="linkage" recvpass="linkage">
<uline server="{SERVICES}" silent="yes">
<sasl target="{SERVICES}">
<options casemapping="rfc1459">
<performance quietbursts="yes">
<pid file="{self.folder}/inspircd.pid">
"""
            + "".join(f'<module name="{name}">\n' for name in modules.split())
        )
        root = ["--runasroot"] if os.getuid() == 0 else []
        command = ["--nofork", "--nolog", f"--config={config}", *root]
        self._run("inspircd", "/usr/sbin/inspircd", *command)

    def start(self, *, services: bool = True) -> Self:
        """Start both, and wait until services are linked."""
        super().start()
        if services:
            self.start_services()
        return self

    def start_services(self) -> None:
        """Start Atheme, and wait until it is linked."""
        config = self.folder / "atheme.conf"
        modules = [
            "protocol/inspircd", "backend/opensex", "crypto/pbkdf2v2",
            *(f"nickserv/{name}" for name in ["main", "register", "identify", "ghost", "group"]),
            "saslserv/main", "saslserv/plain",
        ]  # fmt: skip
        config.write_text(
            "".join(f'loadmodule "modules/{name}";\n' for name in modules)
            + f"""
crypto {{ pbkdf2v2_rounds = 10000; }};
serverinfo {{
    name = "{SERVICES}"; desc = "services"; numeric = "00A"; recontime = 1;
    netname = "Test"; adminname = "a"; adminemail = "a@irc.test";
    registeremail = "a@irc.test"; maxlogins = 50; maxusers = 0; mdlimit = 30;
    emaillimit = 1000; emailtime = 300; auth = none; casemapping = rfc1459;
    loglevel = {{ error; info; }};
}};
uplink "irc.test" {{ host = "127.0.0.1"; port = {self._link}; password = "linkage"; }};
nickserv {{ nick = "NickServ"; user = "NickServ"; host = "{SERVICES}"; real = "s";
    maxnicks = 50; }};
saslserv {{ nick = "SaslServ"; user = "SaslServ"; host = "{SERVICES}"; real = "s"; }};
"""
        )
        log, pid = self.folder / "services.log", self.folder / "atheme.pid"
        options = ["-n", "-c", str(config), "-D", str(self.folder), "-l", str(log), "-p", str(pid)]
        pid.unlink(missing_ok=True)
        self._run("atheme", "atheme-services", *options)
        with self.user("watcher") as watcher:
            poll(
                lambda: watcher.asks("WHOIS NickServ", "318", "311"),
                message=f"no services: {self.log()}",
            )

    def stop_services(self) -> None:
        """End Atheme, which keeps its accounts; the server goes on without services."""
        process = self._processes.pop()
        process.terminate()
        process.wait(10)
        with self.user("watcher") as watcher:
            poll(lambda: watcher.asks("WHOIS NickServ", "318", "401"))

    def register(self, account: str, password: str) -> None:
        """Make an account of services, for the nick of the same name."""
        with self.user(account) as user:
            user.send(f"PRIVMSG NickServ :REGISTER {password} {account}@irc.test")
            user.wait("now registered")
