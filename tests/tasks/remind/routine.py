"""The daily run of reminders inside this process, on an example lab in a folder."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from labtool.core.clock import Clock
from labtool.core.config import load
from labtool.core.database import Database
from labtool.core.outbox import Outbox
from labtool.core.run import run_task
from labtool.core.task import Run, Task
from labtool.services.build import Services
from labtool.tasks.remind.engine import preview
from labtool.tasks.remind.load import load as load_data
from labtool.tasks.remind.section import Remind
from labtool.tasks.remind.task import remind
from labtool.tasks.sections import SECTIONS
from labtool.tasks.setup.scaffold import files, make


class Routine:
    """A lab as `labtool init` makes it on the day `start`, and its runs at 09:00."""

    def __init__(self, folder: Path, zone: str, start: date) -> None:
        self.folder = folder
        self.zone = ZoneInfo(zone)
        make(folder, files(start, zone), force=False)
        self.reload()

    def reload(self) -> None:
        """Read the config again."""
        self.config = load(self.folder / "labtool.yaml", SECTIONS)

    def edit(self, old: str, new: str) -> None:
        """Replace what stands once in the config."""
        file = self.folder / "labtool.yaml"
        text = file.read_text()
        assert text.count(old) == 1
        file.write_text(text.replace(old, new))
        self.reload()

    def clock(self, day: date) -> Clock:
        """Nine o'clock of a day."""
        morning = datetime.combine(day, time(9), self.zone)
        return Clock(self.zone, morning.astimezone(UTC))

    def run(self, day: date) -> int:
        """`labtool remind --at DAY`; its exit status."""
        clock = self.clock(day)
        built: dict[int, Services] = {}

        def services(database: Database) -> Services:
            if id(database) not in built:
                built[id(database)] = Services(self.config, database, clock)
            return built[id(database)]

        def body(run: Run) -> None:
            remind(run, services(run.database))

        task = Task(
            name="remind",
            arguments=(),
            timer="",
            config=self.config,
            clock=clock,
            dry_run=False,
            json=False,
            verbose=False,
            quiet=True,
            connect=lambda database: services(database).post,
            admins=lambda database: services(database).admins,
        )
        return run_task(task, body)

    def expected(self, start: date, days: int) -> dict[str, date]:
        """The preview from the sheets as they are: key of each message, and when it is due."""
        section = self.config.section("remind", Remind)
        database = Database.snapshot(self.config.state)
        services = Services(self.config, database, self.clock(start), dry_run=True)
        data = load_data(self.config, section, services, start, lambda error: None, set())
        plans = preview(section, data, start, days)
        return {item.message.key: plan.day for plan in plans for item in plan.items}

    def said(self) -> Counter[str]:
        """How often each reminder's key was sent."""
        database = Database.snapshot(self.config.state)
        entries = Outbox(database).entries(("sent",))
        keys = (entry.message.key for entry in entries)
        return Counter(key for key in keys if key.startswith("remind:"))


def rules(keys: Iterable[str]) -> set[str]:
    """The rules that keys are of."""
    return {key.split(":")[1] for key in keys}


def days(start: date, count: int) -> list[date]:
    """So many days from `start` on."""
    return [start + timedelta(days=n) for n in range(count)]
