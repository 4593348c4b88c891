"""Which tasks hear what is said to the bot in Slack, beside jobs, in this order.

To hear it, write a function that makes what hears from the `Run` (core/said.py) beside the task,
and add its line here.
"""

from pkgutil import resolve_name

from labtool.core.said import Hear, Hears
from labtool.core.task import Run

HEARS = ("labtool.tasks.ptg.slack:hears",)


def hears(run: Run) -> list[Hear]:
    """What hears, of the tasks that are set up. Raises ConfigError."""
    made = (_load(name)(run) for name in HEARS)
    return [hear for hear in made if hear is not None]


def _load(name: str) -> Hears:
    found: Hears = resolve_name(name)
    return found
