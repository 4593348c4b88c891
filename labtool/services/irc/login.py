"""Capabilities and accounts: CAP, SASL PLAIN, and IDENTIFY to NickServ."""

import base64
import re
from collections.abc import Callable

from labtool.services.irc.desk import Desk
from labtool.services.irc.wire import Line

_WANTED = frozenset(
    {
        "account-notify",
        "account-tag",
        "cap-notify",
        "chghost",
        "extended-join",
        "multi-prefix",
        "userhost-in-names",
    }
)
_SASL_REFUSED = ("902", "904", "905", "906", "908")
_NICKSERV = "NickServ"
_NO_SASL = "the server offers no SASL login now"
_ACCEPTED = re.compile(
    r"you are (now|already|successfully) (identified|logged in|recogni[sz]ed)"
    r"|password accepted|successfully (identified|logged in)",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"(invalid|incorrect|wrong) password|password (is )?(invalid|incorrect)"
    r"|(not|isn't) (a )?registered|denied|failed|frozen|suspended|locked",
    re.IGNORECASE,
)
_PROMPT = re.compile(r"nick(name)? is (registered|owned|protected)", re.IGNORECASE)


class Login:
    """Asks for capabilities and identifies. `done` is called once, when channels may be
    joined, and `identified` whenever services accepted us."""

    def __init__(
        self, desk: Desk, done: Callable[[], None], identified: Callable[[], None]
    ) -> None:
        self._desk = desk
        self._done = done
        self._identified = identified
        self.caps: set[str] = set()
        self.logged_in = False
        self._offered: set[str] = set()
        self._asked = 0
        self._registering = True
        self._welcome = False
        self._finished = False
        self._sasl = ""  # "", "asked" or "sent"
        self._waiting = False  # for NickServ

    def start(self) -> None:
        """Ask what the server can do; registration waits for what follows."""
        self._desk.send("CAP LS 302")

    def welcome(self) -> None:
        """We are registered: identify to NickServ if that is the way, then join."""
        if self._welcome:
            return
        self._welcome = True
        self._registering = False
        if self._by("nickserv") and not self.logged_in:
            self._identify()
            return
        if self._by("sasl") and not self.logged_in and not self._desk.timers.waits("login again"):
            self._refused(_NO_SASL)  # a server that knows no capabilities at all
        self._finish()

    def feed(self, line: Line) -> None:
        """Take a line from the server into account."""
        command = line.command
        if command == "CAP":
            self._cap(line.arg(1).upper(), line.arg(-1).split(), more=line.arg(2) == "*")
        elif command == "AUTHENTICATE" and self._sasl == "asked" and line.arg(0) == "+":
            self._answer()
        elif command == "900":
            self._accepted()
        elif command == "901":
            self._lost()
        elif command in ("903", "907") and self._sasl:
            self._end_sasl()
            self._accepted()
        elif command in _SASL_REFUSED and self._sasl:
            self._end_sasl(f"SASL login was refused: {line.arg(-1)}")
        elif command == "MODE" and self._desk.members.is_me(line.arg(0)):
            self._own_mode(line.arg(1))
        elif command == "NOTICE" and line.host and self._desk.same(line.nick, _NICKSERV):
            self._notice(line.arg(1))
        elif command == "401" and self._waiting and self._desk.same(line.arg(1), _NICKSERV):
            self._refused("there is no NickServ on this server")

    def _by(self, way: str) -> bool:
        return self._desk.settings.login == way and bool(self._desk.settings.password)

    def _cap(self, verb: str, words: list[str], *, more: bool) -> None:
        names = {word.partition("=")[0].removeprefix("-") for word in words}
        if verb == "LS":
            self._offered |= names
            if not more:
                self._ask(self._offered)
        elif verb == "NEW":
            self._offered |= names
            self._ask(names)
        elif verb == "DEL":
            self.caps -= names
            self._offered -= names
            self._switch()
        elif verb in ("ACK", "NAK"):
            self._asked -= len(names)
            if verb == "ACK":
                self.caps |= names
                self._switch()
            if self._registering and self._asked <= 0:
                self._negotiated()
            elif not self._registering and "sasl" in names:
                self._sasl_again(offered=verb == "ACK")

    def _ask(self, names: set[str]) -> None:
        wanted = names & (_WANTED | ({"sasl"} if self._by("sasl") else set())) - self.caps
        for name in sorted(wanted):
            # One by one: a server refuses a request as a whole.
            self._asked += 1
            self._desk.send(f"CAP REQ :{name}")
        if not wanted and self._registering and self._asked <= 0:
            self._negotiated()

    def _switch(self) -> None:
        self._desk.members.tagged = "account-tag" in self.caps
        self._desk.members.notified = "account-notify" in self.caps

    def _negotiated(self) -> None:
        if self._sasl:
            return
        if self._by("sasl") and "sasl" in self.caps:
            self._authenticate()
            return
        if self._by("sasl"):
            self._refused(_NO_SASL)
        self._end_cap()

    def _end_cap(self) -> None:
        if self._registering:
            self._desk.send("CAP END")
            self._registering = False

    def _authenticate(self) -> None:
        self._sasl = "asked"
        self._desk.timers.later(
            "sasl", self._desk.timing.identify, lambda: self._end_sasl("services do not answer")
        )
        self._desk.send("AUTHENTICATE PLAIN")

    def _answer(self) -> None:
        self._sasl = "sent"
        settings = self._desk.settings
        account = settings.account or settings.nick
        packed = base64.b64encode(f"{account}\0{account}\0{settings.password}".encode()).decode()
        for at in range(0, len(packed) + 1, 400):
            self._desk.send(f"AUTHENTICATE {packed[at : at + 400] or '+'}")

    def _end_sasl(self, problem: str = "") -> None:
        if problem == "services do not answer":
            self._desk.send("AUTHENTICATE *")
        self._sasl = ""
        self._desk.timers.cancel("sasl")
        self._end_cap()
        if problem:
            self._refused(problem)

    def _sasl_again(self, *, offered: bool) -> None:
        if offered and not self.logged_in and not self._sasl:
            self._authenticate()
        elif not offered:
            self._refused(_NO_SASL)

    def _identify(self) -> None:
        """OFTC takes `IDENTIFY password nick`, others `account password`: neither is sent
        where the nick says it already."""
        settings = self._desk.settings
        members = self._desk.members
        self._waiting = True
        account = settings.account
        if not account and not members.is_me(settings.nick):
            account = settings.nick
        words = f"{account} {settings.password}" if account else settings.password
        wait = self._desk.timing.identify
        self._desk.timers.later(
            "identify", wait, lambda: self._refused(f"NickServ did not answer in {wait:g} s")
        )
        self._desk.send(f"PRIVMSG {_NICKSERV} :IDENTIFY {words}")

    def _own_mode(self, changes: str) -> None:
        setting = True
        for letter in changes:
            if letter in "+-":
                setting = letter == "+"
            elif letter == "r" and self._desk.settings.login == "nickserv":
                if setting:
                    self._accepted()
                else:
                    self._lost()

    def _notice(self, text: str) -> None:
        if self._waiting and _ACCEPTED.search(text):
            self._accepted()
        elif self._waiting and _REFUSED.search(text):
            self._refused(f"NickServ refused the login: {text}")
        elif not self._waiting and self._by("nickserv") and _PROMPT.search(text):
            self._lost()

    def _accepted(self) -> None:
        self._waiting = False
        self._desk.timers.cancel("identify")
        self._desk.timers.cancel("login again")
        if not self.logged_in:
            self.logged_in = True
            self._desk.tell.good("login", "identified to services")
            self._identified()
        if self._welcome:
            self._finish()

    def _refused(self, why: str) -> None:
        self._waiting = False
        self._desk.timers.cancel("identify")
        wait = self._desk.timing.login_again
        self._desk.tell.bad(
            "login", f"not identified to services: {why}; going on, and trying again later"
        )
        self._desk.timers.later("login again", wait, self._again)
        if self._welcome:
            self._finish()

    def _lost(self) -> None:
        """Services forgot us (they were restarted, or logged us out)."""
        if self._desk.settings.login == "none" or self._waiting or self._sasl:
            return
        self.logged_in = False
        if not self._desk.timers.waits("login again"):
            wait = self._desk.timing.backoff
            self._desk.timers.later("login again", wait, self._again)

    def _again(self) -> None:
        if self.logged_in:
            return
        if not self._welcome:
            # To ask for a capability now would hold up registration.
            self._desk.timers.later("login again", self._desk.timing.backoff, self._again)
        elif self._by("nickserv"):
            self._identify()
        elif self._by("sasl") and "sasl" in self.caps:
            self._authenticate()
        elif self._by("sasl"):
            self._desk.send("CAP REQ :sasl")

    def _finish(self) -> None:
        if not self._finished:
            self._finished = True
            self._done()
