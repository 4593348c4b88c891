"""What will be sent, day by day, for people and for `--json`."""

from datetime import date
from textwrap import indent
from typing import Any

from labtool.core.messages import show_message
from labtool.tasks.remind.plan import DayPlan, Planned


def document(plan: DayPlan) -> dict[str, Any]:
    """One day as plain data."""
    return {
        "day": plan.day.isoformat(),
        "messages": [{"rule": i.rule, **_shown(i)} for i in plan.items],
        "troubles": [str(trouble) for trouble in plan.troubles],
    }


def print_day(plan: DayPlan, today: date) -> None:
    """One day as text."""
    mark = " (today)" if plan.day == today else ""
    print(f"{plan.day:%A} {plan.day.day} {plan.day:%B %Y}{mark}")
    for item in plan.items:
        shown = _shown(item)
        print(f"  {item.rule} -> {shown['to']}")
        print(indent(shown["text"], "      "))
    for trouble in plan.troubles:
        print(f"  ! {trouble}")
    print()


def _shown(item: Planned) -> dict[str, str]:
    message = item.message
    if item.slides:
        message = item.slides.with_link(message, "the link, once the copy is made")
    return show_message(message)
