"""Which tasks have a part of the Home tab in Slack, in its order.

To add a part, write a function that makes it from the `Run` (core/home.py) beside the task, and
add its line here.
"""

from pkgutil import resolve_name

from labtool.core.home import Part, Parts
from labtool.core.task import Run

PARTS = (
    "labtool.tasks.jobs.home:part",
    "labtool.tasks.remind.home:part",
    "labtool.tasks.instruments.center.home:part",
    "labtool.tasks.workflow.home:part",
)


def parts(run: Run) -> list[Part]:
    """The parts of the tasks that are set up. Raises ConfigError."""
    made = (_load(name)(run) for name in PARTS)
    return [part for part in made if part is not None]


def _load(name: str) -> Parts:
    found: Parts = resolve_name(name)
    return found
