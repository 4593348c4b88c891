"""What should stay in the foreground, and whether it does: as systemd says, where it is asked to
look after it, or else by the locks that a process holds."""

from collections.abc import Iterable

from labtool.core.alive import worries
from labtool.core.lock import held
from labtool.core.probe import Finding, Patient
from labtool.core.text import counted
from labtool.services.systemctl import Unit, units

# Restarts since the machine began that are no accident any more.
_OFTEN = 5
# Several may run, or they hold no lock.
_BY_SYSTEMD_ALONE = ("workflow-work", "serve")


def probe(patient: Patient) -> Iterable[Finding]:
    """Those that the config wants to stay."""
    known = units([_unit(name) for name in patient.staying])
    fine = []
    for name, about in patient.staying.items():
        unit = known.get(_unit(name))
        if unit is None and name in _BY_SYSTEMD_ALONE:
            continue  # nobody can tell
        if unit is not None:
            trouble = _as_systemd_says(name, about, unit)
        elif held(patient.config.state, name):
            trouble = None
        else:
            fix = f"labtool timers systemd writes a unit that starts it; by hand: labtool {name}"
            trouble = Finding("bad", "services", f"{name} ({about}) does not run", fix)
        if trouble:
            yield trouble
        else:
            fine.append(name)
    for worry in worries(patient.config.state, patient.now):
        yield Finding("bad", "services", worry)
    if fine:
        yield Finding("ok", "services", f"{', '.join(fine)} {'runs' if len(fine) == 1 else 'run'}")


def _unit(name: str) -> str:
    return f"labtool-{name}.service"


def _as_systemd_says(name: str, about: str, unit: Unit) -> Finding | None:
    see = f"journalctl -u {_unit(name)}"
    if unit.active == "failed":
        fix = f"{see}; when it is mended: systemctl restart {_unit(name)}"
        return Finding("bad", "services", f"{name} ({about}) failed, and was given up", fix)
    if unit.active not in ("active", "reloading", "activating"):
        fix = f"systemctl enable --now {_unit(name)}"
        return Finding("bad", "services", f"{name} ({about}) is {unit.active}", fix)
    if unit.restarts >= _OFTEN:
        what = f"{name} ({about}) was started again {counted(unit.restarts, 'time')}"
        return Finding("warn", "services", what, see)
    return None
