"""Who has a duty today, for other commands that have something to tell them."""

from datetime import date

from labtool.core.config import Config
from labtool.core.messages import Recipient
from labtool.services.build import Services
from labtool.tasks.remind.load import load
from labtool.tasks.remind.section import Remind
from labtool.tasks.remind.who import Asked, Question, Target, resolve


def on_duty(config: Config, services: Services, duty: str, today: date) -> list[Recipient]:
    """Whom the duties sheet names for a duty, or their backup while they are away; nobody
    where the sheet cannot tell."""
    section = config.section("remind", Remind)
    data = load(config, section, services, today, lambda _: None, set())
    found = resolve(Target("duty", duty), Question("on duty", data, today, (today,)))
    return [asked.to for asked in found if isinstance(asked, Asked)]
