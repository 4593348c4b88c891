"""What is kept of runs, in the engine's database."""

from sqlalchemy import (
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

METADATA = MetaData()
_IS_OPEN = "state IN ('queued', 'running', 'waiting')"
# As queries have to write it too, so that its index is used.
_STOPS = text("stop <> ''")
_ALONE = text(f"alone <> '' AND {_IS_OPEN}")

RUNS = Table(
    "labtool_runs",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("workflow", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("input", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("started", Double),
    Column("ended", Double),
    Column("segment", Integer, nullable=False),
    Column("found", Text, nullable=False, default="{}"),
    Column("waits", Text, nullable=False, default="{}"),
    Column("stop", Text, nullable=False, default=""),
    Column("why", Text, nullable=False, default=""),
    Column("parent", Text, nullable=False, default=""),
    Column("worker", Text, nullable=False, default=""),
    Column("alone", Text, nullable=False, default=""),
    Index("labtool_runs_state", "state", "created"),
    Index("labtool_runs_stop", "worker", sqlite_where=_STOPS, postgresql_where=_STOPS),
    Index("labtool_runs_ended", "ended"),
    Index("labtool_runs_created", "created"),
    Index("labtool_runs_alones", "alone", "created"),
    Index("labtool_runs_workflow", "workflow", "created"),
    Index(
        "labtool_runs_alone",
        "alone",
        unique=True,
        sqlite_where=_ALONE,
        postgresql_where=_ALONE,
    ),
)

# Which run a key has started. It outlives the run: what is announced again starts nothing.
STARTS = Table(
    "labtool_starts",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("run", Text, nullable=False),
    Column("seen", Double, nullable=False),
    Index("labtool_starts_seen", "seen"),
)

ATTEMPTS = Table(
    "labtool_attempts",
    METADATA,
    Column("run", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("worker", Text, nullable=False, default=""),
    Column("token", Text, nullable=False, default=""),
    Column("scheduled", Double, nullable=False),
    Column("started", Double),
    Column("ended", Double),
    Column("beat", Double),
    Column("why", Text, nullable=False, default=""),
    Column("output", Text, nullable=False, default="{}"),
    # Of before the run was begun again from an earlier step.
    Column("stale", Integer, nullable=False, default=0),
    PrimaryKeyConstraint("run", "step", "attempt"),
    Index(
        "labtool_attempts_running",
        "worker",
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    ),
)

DECISIONS = Table(
    "labtool_decisions",
    METADATA,
    Column("run", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("yes", Integer, nullable=False),
    Column("by_whom", Text, nullable=False),
    Column("at", Double, nullable=False),
    PrimaryKeyConstraint("run", "step"),
)

WORKERS = Table(
    "labtool_workers",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Double, nullable=False),
    Column("beat", Double, nullable=False),
    Column("draining", Integer, nullable=False, default=0),
    Column("gone", Integer, nullable=False, default=0),
)
