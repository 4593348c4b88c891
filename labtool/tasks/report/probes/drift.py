"""Whether this machine's clock is right."""

from collections.abc import Callable, Iterable

from labtool.core.errors import Temporary
from labtool.core.probe import Finding, Patient
from labtool.tasks.report.section import Doctor

# Seconds: what is worth a word, and what makes certificates and signatures fail.
_SOME, _MUCH = 2.0, 60.0


def probe(patient: Patient) -> Iterable[Finding]:
    """Held against the first time server that answers, or else the first web server."""
    from labtool.services.clocks import ahead_of_ntp, ahead_of_web

    settings = patient.config.section("doctor", Doctor)
    asked: list[tuple[str, Callable[[str], float]]]
    asked = [(server, ahead_of_ntp) for server in settings.ntp]
    asked += [(host, ahead_of_web) for host in settings.hosts or _hosts(patient)]
    for server, ask in asked:
        try:
            ahead = ask(server)
        except Temporary:
            continue
        way = "ahead" if ahead > 0 else "behind"
        what = f"the clock is {abs(ahead):.1f} s {way}, says {server}"
        fix = "timedatectl set-ntp true, or install chrony"
        if abs(ahead) > _SOME:
            yield Finding("bad" if abs(ahead) > _MUCH else "warn", "clock", what, fix)
        else:
            yield Finding("ok", "clock", f"right, says {server}")
        return
    if asked:
        what = f"nobody says what time it is ({', '.join(server for server, _ in asked)})"
        yield Finding("warn", "clock", what, "name one of your network: doctor: {ntp: [HOST]}")


def _hosts(patient: Patient) -> list[str]:
    """Servers that the config speaks to anyway."""
    slack = patient.config.core.slack
    return [slack.base_url] if slack else []
