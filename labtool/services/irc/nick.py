"""The nick: another one where it is taken, and the wanted one again as soon as it is free."""

import re

from labtool.services.irc.desk import Desk
from labtool.services.irc.wire import Line

# Erroneous, in use, collision, unavailable for now.
REFUSED = ("432", "433", "436", "437")
# Seconds that services have to do what they were asked.
_STEP = 2.0
_TRIES = 20
_SHORT = 8


class Nick:
    """Takes care that we have a nick, and at last the wanted one."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._wanted = desk.settings.nick
        self._base = self._wanted
        self._step = min(_STEP, desk.timing.regain)
        self._last = self._wanted
        self._impossible = False
        self._tried = 0
        self._settled = False

    def refused(self, line: Line) -> None:
        """The server did not let us have a nick while we register: take the next."""
        if line.command == "432":
            plain = re.sub(r"[^A-Za-z]", "", self._wanted) or "labtool"
            self._base = plain[:_SHORT]
            self._impossible = True
            what = f"the server takes no nick {self._wanted}: {line.arg(-1)}"
            self._desk.tell.bad("bad nick", what, once=True)
        elif 0 < len(line.arg(1)) < len(self._last):
            self._base = self._base[: len(line.arg(1)) - 2]  # it was cut to what is allowed
        self._tried += 1
        if self._tried > _TRIES:
            return  # registration runs into its time limit, and the next connection begins anew
        self._last = f"{self._base}{'_' if self._tried == 1 else self._tried - 1}"
        self._desk.send(f"NICK {self._last}")

    def start(self) -> None:
        """We are registered and identified if that could be: regain the wanted nick."""
        self._settled = True
        longest = self._desk.features.nick_length
        if self._impossible:
            self._wanted = self._desk.members.me
        elif longest:
            self._wanted = self._wanted[:longest]
        if self._has():
            self._desk.tell.good("nick")
            return
        me = self._desk.members.me
        self._desk.tell.bad("nick", f"the nick {self._wanted} is taken: I am {me} until it is free")
        self.regain()

    def feed(self, line: Line) -> None:
        """See nicks that change and go. Called after the members took the line."""
        if not self._settled:
            return
        if line.command == "NICK" and self._desk.members.is_me(line.arg(0)):
            self._mine(line.arg(0))
        elif line.command in ("NICK", "QUIT") and self._desk.same(line.nick, self._wanted):
            self._take()

    def regain(self) -> None:
        """Try to get the wanted nick, now and from time to time until we have it."""
        if self._has() or not self._settled:
            return
        timers = self._desk.timers
        timers.later("regain", self._desk.timing.regain, self.regain)
        if self._desk.settings.login != "none" and self._desk.settings.password:
            if not timers.waits("ghost"):
                self._ask_services("REGAIN")
                timers.later("ghost", self._step, self._ghost)
        else:
            self._desk.send(f"NICK {self._wanted}")

    def _ghost(self) -> None:
        if not self._has():
            self._ask_services("GHOST")  # of services that know no REGAIN
            self._desk.timers.later("ghost", self._step, self._take)

    def _take(self) -> None:
        if not self._has():
            self._desk.send(f"NICK {self._wanted}")

    def _ask_services(self, verb: str) -> None:
        settings = self._desk.settings
        words = f"{verb} {self._wanted}"
        if settings.login == "nickserv":
            words += f" {settings.password}"
        # One for SASL never leaves so: anybody may be called NickServ where there are no
        # services. Who is logged in needs none.
        self._desk.send(f"PRIVMSG NickServ :{words}")

    def _mine(self, new: str) -> None:
        if self._has():
            self._desk.tell.good("nick", f"the nick is {new} again")
            self._desk.timers.cancel("regain")
            self._desk.timers.cancel("ghost")
        else:
            self._desk.tell.bad("nick", f"the nick was changed to {new} by the server")
            if not self._desk.timers.waits("regain"):
                self._desk.timers.later("regain", self._desk.timing.backoff, self.regain)

    def _has(self) -> bool:
        return self._desk.members.is_me(self._wanted)
