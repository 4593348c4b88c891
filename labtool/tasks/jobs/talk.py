"""What is said to the bot -> what is done, and the answers. The same for Slack and a terminal."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from labtool.core.errors import Failed, LabtoolError
from labtool.core.text import one_line
from labtool.tasks.jobs.deeds import Deeds
from labtool.tasks.jobs.phrases import hints, nearest, tidy
from labtool.tasks.jobs.replies import Reply, bare
from labtool.tasks.jobs.section import (
    CANCEL,
    SCHEDULE,
    SUPPRESS,
    UNSUPPRESS,
    Command,
    Jobs,
    begins_and_ends,
    type_of,
)
from labtool.tasks.jobs.shown import OWN
from labtool.tasks.jobs.who import Who, check, may_use

Said = str | Reply


@dataclass(frozen=True, slots=True)
class Desk:
    """Understands what is said, and answers; the `deeds` are what it can do."""

    deeds: Deeds

    @property
    def jobs(self) -> Jobs:
        """Those of the config."""
        return self.deeds.jobs

    def answer(self, said: str, who: Who) -> list[str]:
        """What is said to `said`; what it asks for is done."""
        return [reply.text for reply in self.replies(said, who)]

    def replies(self, said: str, who: Who) -> list[Reply]:
        """The same, with its buttons."""
        try:
            return [self._replied(said, who)]
        except LabtoolError as error:
            return [Reply(str(error), done=False)]

    def pressed(self, action: str, ident: str, who: Who) -> list[Reply]:
        """What a button asks for, of a job. Where that is to refuse one, it ends none that runs by
        now."""
        verb = self._verbs[action] if action in ("retry", "confirm") else self.deeds.refuse
        try:
            return [_reply(verb(ident, who))]
        except LabtoolError as error:
            return [Reply(str(error), done=False)]

    def ask(self, said: str, who: Who) -> list[str]:
        """The same as text. Raises Failed where it is not understood, or not done."""
        return [self._replied(said, who).text]

    def told(self, verb: str, word: str, who: Who) -> list[str]:
        """The same for one of the bot's own words. Raises Failed."""
        return [_reply(self._verbs[verb](word, who)).text]

    def knows(self, said: str) -> bool:
        """Whether it begins as something that is ours to answer."""
        first = bare(tidy(said), self._is_ours).split(maxsplit=1)
        return bool(first) and self._is_ours(first[0].casefold())

    def _is_ours(self, word: str) -> bool:
        return word in self._verbs or word in self.jobs.all()

    def _replied(self, said: str, who: Who) -> Reply:
        text = bare(tidy(said), self._is_ours)
        words = text.split()
        verb = self._verbs.get(words[0].casefold()) if words else None
        if verb and len(words) <= 2:
            return _reply(verb(" ".join(words[1:]), who))
        name = words[0].casefold() if words else ""
        if [word.casefold() for word in words[1:]] in ([], ["help"]) and name in self.jobs.all():
            return Reply(self.deeds.shown.help_of(name, who))
        return _reply(self._command(text, who))

    @property
    def _verbs(self) -> dict[str, Callable[[str, Who], Said]]:
        return {
            "help": lambda _, who: self.deeds.shown.help(who),
            "status": lambda _, who: self.deeds.shown.status(who),
            "logs": self.deeds.printed,
            "cancel": self.deeds.cancel,
            "retry": self.deeds.retry,
            "confirm": self.deeds.confirm,
        }

    def _command(self, text: str, who: Who) -> Said:
        first = text.split(maxsplit=1)
        name = first[0].casefold() if first else ""
        namespace = self.jobs.all().get(name)
        rest = first[1] if len(first) == 2 else ""
        for command in namespace.slack if namespace else ():
            said = command.phrase.match(rest)
            if said is not None and namespace:
                check(name, namespace, who)
                kind = type_of(name, command.job_type)
                return self._actions[command.action](kind, command, said, who)
        raise self._unknown(text, who)

    @property
    def _actions(self) -> dict[str, Callable[[str, Command, Mapping[str, str], Who], Said]]:
        return {
            SCHEDULE: self._schedule,
            CANCEL: lambda kind, _command, _said, who: self.deeds.cancel_type(kind, who),
            SUPPRESS: lambda kind, _command, said, who: self.deeds.suppress(
                kind, *begins_and_ends(dict(said)), who.asker
            ),
            UNSUPPRESS: lambda kind, _command, _said, _who: self.deeds.release(kind),
        }

    def _schedule(self, kind: str, command: Command, said: Mapping[str, str], who: Who) -> Said:
        found = self.jobs.find(kind)
        assert found is not None
        return self.deeds.schedule(kind, found[1], said, command.delay_seconds, who.asker)

    def _unknown(self, text: str, who: Who) -> Failed:
        near = hints(text, [f"{n} {c.phrase.text}" for n, c in self._commands(who)])
        near = near or nearest(text, OWN)
        name = text.split(maxsplit=1)[0].casefold() if text else ""
        say = f"Say {name} help." if name in self.jobs.all() else "Say help."
        meant = f"Did you mean: {'; '.join(near)}?" if near else say
        return Failed(f"I do not know “{one_line(text, 100)}”. {meant}", code="unknown")

    def _commands(self, who: Who) -> Iterator[tuple[str, Command]]:
        for name, namespace in self.jobs.all().items():
            for command in namespace.slack if may_use(name, namespace, who) else ():
                yield name, command


def _reply(said: Said) -> Reply:
    return said if isinstance(said, Reply) else Reply(said)
