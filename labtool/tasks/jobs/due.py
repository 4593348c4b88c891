"""Which of the jobs that wait may start at an instant (Unix seconds)."""

from labtool.core.database import Database

# Seconds: longer than any pause between two attempts.
_LONGEST = 600.0


def next_due(database: Database, now: float) -> int | None:
    """The number of the next one; None where none may. A type whose key is another now runs once
    nevertheless."""
    rows = database.rows(
        "SELECT id FROM jobs w WHERE state = 'waiting' AND due <= ?1"
        " AND NOT EXISTS (SELECT 1 FROM jobs r WHERE r.state = 'running'"
        " AND (r.key = w.key OR r.type = w.type))"
        " AND NOT EXISTS (SELECT 1 FROM job_suppressions s WHERE s.type = w.type"
        " AND s.begins <= ?1 AND ?1 < s.ends) ORDER BY due, id LIMIT 1",
        now,
    )
    return int(rows[0]["id"]) if rows else None


def set_back(database: Database, now: float) -> None:
    """After a clock that was set back, what waits does so from now on, for as long as it was to;
    and what is to be tried again, no longer than anything is."""
    rows = database.rows("SELECT 1 FROM jobs WHERE state = 'waiting' AND created > ?", now)
    if rows:
        database.execute(
            "UPDATE jobs SET due = ?1 + max(0, due - created), created = ?1"
            " WHERE state = 'waiting' AND created > ?1",
            now,
        )
    late = database.rows(
        "SELECT 1 FROM jobs WHERE state = 'waiting' AND attempts > 0 AND due > ?", now + _LONGEST
    )
    if late:
        database.execute(
            "UPDATE jobs SET due = ?1 WHERE state = 'waiting' AND attempts > 0 AND due > ?1 + ?2",
            now,
            _LONGEST,
        )
