"""What is to be said on which day: pure, from the config, the lab's data and a day."""

from collections.abc import Callable, Collection, Iterator
from datetime import date, timedelta

from labtool.tasks.remind.data import LabData
from labtool.tasks.remind.plan import DayPlan, Planned, Trouble
from labtool.tasks.remind.rules._base import Moment, RuleOptions
from labtool.tasks.remind.section import Remind
from labtool.tasks.remind.when import Occasion

# Whether the message with this key was accepted before: it is not planned again.
Said = Callable[[str], bool]


def _nothing(key: str) -> bool:
    del key
    return False


def plan_day(
    section: Remind,
    data: LabData,
    day: date,
    kinds: Collection[str] = (),
    *,
    said: Said = _nothing,
) -> DayPlan:
    """Everything that is due on a day, by rules of these kinds (all by default), and was
    not said before."""
    return _plan(section, data, day, day, kinds, lambda *_: True, said)


def preview(
    section: Remind, data: LabData, start: date, days: int, kinds: Collection[str] = ()
) -> Iterator[DayPlan]:
    """What `plan_day` will say of `days` days from `start` on, if the sheets stay as they
    are."""
    for offset in range(days):
        yield plan_day(section, data, start + timedelta(days=offset), kinds)


def catch_up(
    section: Remind,
    data: LabData,
    today: date,
    settled: Callable[[str, str], bool],
    *,
    first_day: Callable[[str], date] = lambda rule: date.min,
    kinds: Collection[str] = (),
    said: Said = _nothing,
) -> Iterator[DayPlan]:
    """The days before `today` on which something was missed that still makes sense, oldest
    first; texts speak from today's point of view.

    `first_day` tells from which day on a rule is known: what was due before is none of its
    business. `settled` tells of a rule and a period whether it was said (in whole: a rule's
    messages of one period are accepted together).
    """

    def missed(rule: RuleOptions, name: str, occasion: Occasion) -> bool:
        return (
            due >= first_day(name)
            and _sensible(rule, occasion, today)
            and not settled(name, occasion.period)
        )

    for back in range(section.catch_up_days, 0, -1):
        due = today - timedelta(days=back)
        plan = _plan(section, data, due, today, kinds, missed, said)
        if plan.rules:
            yield plan


def _sensible(rule: RuleOptions, occasion: Occasion, today: date) -> bool:
    """Whether something that was due on an earlier day may still be said today."""
    if rule.late is not None:
        return rule.late
    return occasion.late_until is None or today <= occasion.late_until


def _plan(
    section: Remind,
    data: LabData,
    due: date,
    today: date,
    kinds: Collection[str],
    wanted: Callable[[RuleOptions, str, Occasion], bool],
    said: Said,
) -> DayPlan:
    items: list[Planned] = []
    troubles: dict[Trouble, None] = {}
    turns: list[str] = []
    rule: RuleOptions
    for name, rule in section.rules.items():
        if kinds and rule.kind not in kinds:
            continue
        if rule.needs() & data.missing:
            continue
        occasion = rule.occasion(due, section, data)
        if occasion is None or not wanted(rule, name, occasion):
            continue
        turns.append(name)
        moment = Moment(name, rule.kind, section, data, due, today, occasion, said, rule.late)
        for found in rule.plan(moment):
            if isinstance(found, Planned):
                items.append(found)
            else:
                troubles[found] = None
    return DayPlan(due, tuple(items), tuple(troubles), tuple(turns))
