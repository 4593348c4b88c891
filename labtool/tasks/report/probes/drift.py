"""Whether this machine's clock is right."""

from collections.abc import Iterable

from labtool.core.errors import Temporary
from labtool.core.probe import Finding, Patient
from labtool.tasks.report.section import Doctor

# Seconds: what is worth a word, and what makes certificates and signatures fail.
_SOME, _MUCH = 2.0, 60.0


def probe(patient: Patient) -> Iterable[Finding]:
    """Held against the first time server that answers."""
    from labtool.services.ntp import offset

    servers = patient.config.section("doctor", Doctor).ntp
    for server in servers:
        try:
            ahead = offset(server)
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
    if servers:
        what = f"no time server answers ({', '.join(servers)})"
        yield Finding("warn", "clock", what, "name one of your network: doctor: {ntp: [HOST]}")
