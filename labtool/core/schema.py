"""The schema of the state's database, version by version."""

# Each entry brings the schema from its index to the next version. Entries are never
# edited once released; a change of the schema is a new entry.
MIGRATIONS = (
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        task TEXT NOT NULL,
        timer TEXT NOT NULL,
        arguments TEXT NOT NULL,
        started TEXT NOT NULL,
        ended TEXT,
        seconds REAL,
        status TEXT NOT NULL,
        exit INTEGER,
        counts TEXT NOT NULL DEFAULT '{}',
        error TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX runs_by_task ON runs (task, id);
    CREATE INDEX runs_by_timer ON runs (timer, id);
    CREATE TABLE outbox (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        recipient_kind TEXT NOT NULL,
        recipient TEXT NOT NULL,
        message TEXT NOT NULL,
        until TEXT NOT NULL,
        urgent INTEGER NOT NULL,
        state TEXT NOT NULL,
        created REAL NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        attempted REAL,
        next_try REAL,
        via TEXT NOT NULL DEFAULT '',
        address TEXT NOT NULL DEFAULT '',
        address_label TEXT NOT NULL DEFAULT '',
        place TEXT NOT NULL DEFAULT '',
        remote_id TEXT NOT NULL DEFAULT '',
        settled REAL,
        error TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX outbox_by_state ON outbox (state, id);
    CREATE TABLE spent_keys (key TEXT PRIMARY KEY, until TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE faults (
        id TEXT PRIMARY KEY,
        scope TEXT NOT NULL,
        topic TEXT NOT NULL,
        text TEXT NOT NULL,
        temporary INTEGER NOT NULL,
        first_seen TEXT NOT NULL,
        last_seen TEXT NOT NULL,
        count INTEGER NOT NULL,
        told TEXT,
        ended TEXT,
        digested INTEGER NOT NULL DEFAULT 0,
        snoozed_until TEXT
    );
    CREATE INDEX faults_by_end ON faults (ended);
    CREATE TABLE marks (
        space TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        stored TEXT NOT NULL,
        PRIMARY KEY (space, name)
    ) WITHOUT ROWID;
    """,
    # Numbers of messages are never used again: people are told them.
    """
    CREATE TABLE outbox_2 (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        recipient_kind TEXT NOT NULL,
        recipient TEXT NOT NULL,
        message TEXT NOT NULL,
        until TEXT NOT NULL,
        urgent INTEGER NOT NULL,
        state TEXT NOT NULL,
        created REAL NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        attempted REAL,
        next_try REAL,
        via TEXT NOT NULL DEFAULT '',
        address TEXT NOT NULL DEFAULT '',
        address_label TEXT NOT NULL DEFAULT '',
        place TEXT NOT NULL DEFAULT '',
        remote_id TEXT NOT NULL DEFAULT '',
        settled REAL,
        error TEXT NOT NULL DEFAULT ''
    );
    INSERT INTO outbox_2 SELECT * FROM outbox;
    DROP TABLE outbox;
    ALTER TABLE outbox_2 RENAME TO outbox;
    CREATE INDEX outbox_by_state ON outbox (state, id);
    """,
    # Numbers of cached sources over time: `at` in Unix seconds.
    """
    CREATE TABLE history (
        source TEXT NOT NULL,
        series TEXT NOT NULL,
        at INTEGER NOT NULL,
        value REAL NOT NULL,
        PRIMARY KEY (source, series, at)
    ) WITHOUT ROWID;
    """,
    # Instruments: the newest of each, every change by its number in an epoch of its watch, and
    # the outermost procedures with the first instant of each step.
    """
    CREATE TABLE instruments (
        name TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        heard TEXT NOT NULL,
        beat TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID;
    CREATE TABLE instrument_epochs (
        instrument TEXT NOT NULL,
        epoch TEXT NOT NULL,
        last INTEGER NOT NULL,
        shown INTEGER NOT NULL,
        beats INTEGER NOT NULL,
        PRIMARY KEY (instrument, epoch)
    ) WITHOUT ROWID;
    CREATE TABLE instrument_changes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        instrument TEXT NOT NULL,
        epoch TEXT NOT NULL,
        seq INTEGER NOT NULL,
        at TEXT NOT NULL,
        event TEXT NOT NULL,
        outcome TEXT NOT NULL,
        state TEXT NOT NULL,
        UNIQUE (instrument, epoch, seq)
    );
    CREATE INDEX instrument_changes_by_id ON instrument_changes (instrument, id);
    CREATE TABLE instrument_runs (
        id INTEGER PRIMARY KEY,
        instrument TEXT NOT NULL,
        procedure TEXT NOT NULL,
        user TEXT NOT NULL,
        started TEXT NOT NULL,
        ended TEXT,
        outcome TEXT NOT NULL DEFAULT '',
        steps TEXT NOT NULL
    );
    CREATE INDEX instrument_runs_by_name ON instrument_runs (instrument, procedure, id);
    CREATE INDEX instrument_runs_open ON instrument_runs (instrument) WHERE ended IS NULL;
    """,
    # Jobs: each request and what became of it; times in Unix seconds. One waits for each type,
    # one runs for each key. `token` marks the processes of a run; a worker renews its lease.
    """
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        type TEXT NOT NULL,
        key TEXT NOT NULL,
        arguments TEXT NOT NULL,
        asker TEXT NOT NULL,
        state TEXT NOT NULL,
        created REAL NOT NULL,
        due REAL NOT NULL,
        started REAL,
        ended REAL,
        attempts INTEGER NOT NULL DEFAULT 0,
        worker TEXT NOT NULL DEFAULT '',
        lease REAL NOT NULL DEFAULT 0,
        token TEXT NOT NULL DEFAULT '',
        stop TEXT NOT NULL DEFAULT '',
        status INTEGER,
        reason TEXT NOT NULL DEFAULT ''
    );
    CREATE UNIQUE INDEX jobs_waiting ON jobs (type) WHERE state = 'waiting';
    CREATE UNIQUE INDEX jobs_running ON jobs (key) WHERE state = 'running';
    CREATE INDEX jobs_due ON jobs (due, id) WHERE state = 'waiting';
    CREATE INDEX jobs_asked ON jobs (id) WHERE state = 'asked';
    CREATE INDEX jobs_ended ON jobs (ended) WHERE ended IS NOT NULL;
    CREATE TABLE slack_inbox (
        id TEXT PRIMARY KEY,
        event TEXT NOT NULL,
        received REAL NOT NULL,
        done INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE TABLE job_suppressions (
        id INTEGER PRIMARY KEY,
        type TEXT NOT NULL,
        begins REAL NOT NULL,
        ends REAL NOT NULL,
        asker TEXT NOT NULL
    );
    """,
    # Instruments: when a change came, by the server's clock, as the instrument's may be wrong;
    # and whether newer changes are on their way.
    """
    ALTER TABLE instrument_changes ADD COLUMN received TEXT NOT NULL DEFAULT '';
    UPDATE instrument_changes SET received = at;
    ALTER TABLE instruments ADD COLUMN behind INTEGER NOT NULL DEFAULT 0;
    -- A log's own alerts have names that none of the others can have.
    UPDATE marks SET name = substr(name, 1, instr(name, ':')) || 'alert '
        || substr(name, instr(name, ':') + 1)
        WHERE space = 'instrument-told' AND substr(name, instr(name, ':') + 1)
        NOT IN ('silent', 'unreadable', 'error', 'waiting', 'idle');
    """,
)
