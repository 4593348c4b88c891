"""`kind: aws`: machines, disks, balancers, the bill."""

from typing import Any

from labtool.core import shapes
from labtool.core.cells import Cell, moment, number, table, word
from labtool.tasks.cache.views._parts import Lines, Metric, Points, View, items, part, total

TITLE = "AWS"
_PLOTS = {
    "cpu": Metric("CPU", "%"),
    "network-in": Metric("Network in, 15 min", "B"),
    "network-out": Metric("Network out, 15 min", "B"),
    "latency": Metric("Latency", "s"),
    "requests": Metric("Requests, 15 min"),
    "disk-read": Metric("Disk read, 15 min", "B"),
    "disk-write": Metric("Disk written, 15 min", "B"),
}


def view(data: Any, *, public: bool) -> View:
    """Everything; to everybody only how much of it there is."""
    instances, volumes = items(part(data, "instances")), items(part(data, "volumes"))
    balancers = items(part(data, "balancers"))
    running = sum(one.get("state") == "running" for one in instances)
    facts = [
        ("Machines running", number(running)),
        ("Machines", number(len(instances))),
        ("Disks", number(total(volumes, "gigabytes"), "GB")),
        ("Load balancers", number(len(balancers))),
    ]
    if public:
        return View(facts=facts)
    usd, why = shapes.real(part(data, "spend", "usd")), part(data, "spend", "why")
    if usd is not None:
        facts.append(("This month", Cell(f"{usd:,.2f}\u00a0USD", number=True)))
    tables = [
        table(
            "Machines",
            ("Name", "Type", "Zone", "State", "CPU credits"),
            [_instance(one) for one in instances],
        ),
        table(
            "Load balancers",
            ("Name", "Kind", "Healthy", "Hosts", "Without since", "Target groups"),
            [_balancer(one) for one in balancers],
        ),
        table(
            "Disks",
            ("Name", "Type", "Size", "Zone", "State", "Attached to"),
            [_volume(one) for one in volumes],
        ),
    ]
    if why:
        tables.append(table("The bill", ("Why it is not known",), [[word(why)]]))
    return View(
        facts=facts,
        tables=tables,
        lines=[
            Lines(metric.title, metric.unit, "day", lines)
            for key, metric in _PLOTS.items()
            if (lines := _lines(part(data, "series", key)))
        ],
        metrics={
            "cpu": Metric("CPU over time", "%"),
            "credits": Metric("CPU credits"),
            "healthy": Metric("Healthy hosts"),
            "spend": Metric("Spend this month", "USD"),
        },
    )


def _lines(value: Any) -> dict[str, Points]:
    """Points by name; what is none is left out."""
    found: dict[str, Points] = {}
    for name, rows in shapes.mapping(value).items():
        pairs = [row for row in shapes.listed(rows) if isinstance(row, list) and len(row) == 2]
        known = [(shapes.seconds(at), shapes.real(number)) for at, number in pairs]
        found[name] = [(int(at), number) for at, number in known if at is not None]
    return found


def _instance(one: dict[str, Any]) -> list[Cell]:
    names = ("name", "type", "zone", "state")
    balance = one.get("cpu_credits")
    return [
        *(word(one.get(key)) for key in names),
        Cell("") if balance is None else number(balance),
    ]


def _balancer(one: dict[str, Any]) -> list[Cell]:
    down = one.get("down_since")
    groups = ", ".join(
        f"{group.get('name')}: {number(group.get('healthy')).text} of"
        f" {number(group.get('hosts')).text} healthy"
        for group in items(one.get("groups"))
    )
    return [
        word(one.get("name")),
        word(one.get("kind")),
        number(one.get("healthy")),
        number(one.get("hosts")),
        moment(down) if down else Cell(""),
        word(groups) if groups else Cell(""),
    ]


def _volume(one: dict[str, Any]) -> list[Cell]:
    return [
        word(one.get("name")),
        word(one.get("type")),
        number(one.get("gigabytes"), "GB"),
        word(one.get("zone")),
        word(one.get("state")),
        word(one.get("attached_to") or "nothing"),
    ]
