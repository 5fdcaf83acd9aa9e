"""The shape of the store, one step a version; a step that was released is never edited."""

STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE counters (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE looks (account TEXT, folder TEXT, last_look_at TEXT, error TEXT, error_at TEXT,"
        " PRIMARY KEY (account, folder)) WITHOUT ROWID",
        "CREATE TABLE cursors (account TEXT, folder TEXT, uidvalidity INTEGER NOT NULL,"
        " uidnext INTEGER NOT NULL, PRIMARY KEY (account, folder)) WITHOUT ROWID",
        "CREATE TABLE places (account TEXT, folder TEXT, uidvalidity INTEGER, uid INTEGER, identity TEXT,"
        " state TEXT NOT NULL, at TEXT NOT NULL,"
        " PRIMARY KEY (account, folder, uidvalidity, uid)) WITHOUT ROWID",
        "CREATE TABLE notices (identity TEXT PRIMARY KEY, family INTEGER NOT NULL, trust TEXT NOT NULL,"
        " received_at TEXT NOT NULL, taken_at TEXT NOT NULL, facts TEXT NOT NULL,"
        " first_case TEXT)",
        "CREATE INDEX notices_of_family ON notices (family)",
        "CREATE TABLE raws (identity TEXT PRIMARY KEY REFERENCES notices (identity), packed BLOB NOT NULL)",
        "CREATE TABLE sources (identity TEXT REFERENCES notices (identity), source TEXT,"
        " PRIMARY KEY (identity, source)) WITHOUT ROWID",
        "CREATE TABLE marks (mark TEXT PRIMARY KEY, family INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE INDEX marks_of_family ON marks (family)",
        "CREATE TABLE cases (id TEXT PRIMARY KEY, family INTEGER NOT NULL, orders TEXT NOT NULL,"
        " dispute TEXT, kind TEXT, turn TEXT NOT NULL, settled INTEGER NOT NULL, deadline_at TEXT,"
        " latest_at TEXT, known_since TEXT NOT NULL, acked_at TEXT, snoozed_until TEXT,"
        " trust TEXT NOT NULL, revision INTEGER NOT NULL, changed_at TEXT NOT NULL,"
        " watched INTEGER NOT NULL, facts TEXT NOT NULL, summary TEXT NOT NULL)",
        "CREATE INDEX cases_watched ON cases (id) WHERE watched",
        "CREATE INDEX cases_open ON cases (deadline_at) WHERE NOT settled",
        "CREATE INDEX cases_of_family ON cases (family)",
        "CREATE TABLE histories (case_id TEXT, identity TEXT REFERENCES notices (identity),"
        " position INTEGER NOT NULL, PRIMARY KEY (case_id, identity)) WITHOUT ROWID",
        "CREATE INDEX cases_of_notice ON histories (identity)",
        "CREATE TABLE acts (seq INTEGER PRIMARY KEY AUTOINCREMENT, case_id TEXT NOT NULL,"
        " verb TEXT NOT NULL, at TEXT NOT NULL, answer TEXT, until TEXT)",
        "CREATE INDEX acts_of_case ON acts (case_id)",
        "CREATE TABLE alerts (key TEXT PRIMARY KEY, case_id TEXT, about TEXT NOT NULL, rung TEXT,"
        " urgency INTEGER NOT NULL, deadline_at TEXT, limited INTEGER NOT NULL, created_at TEXT NOT NULL,"
        " give_up_at TEXT NOT NULL, public TEXT NOT NULL)",
        "CREATE INDEX alerts_of_case ON alerts (case_id, created_at)",
        "CREATE INDEX alerts_in_time ON alerts (created_at)",
        "CREATE INDEX alerts_about ON alerts (about, created_at)",
        "CREATE TABLE outbox (key TEXT REFERENCES alerts (key), channel TEXT, state TEXT NOT NULL,"
        " doubt_at TEXT, tries INTEGER NOT NULL DEFAULT 0, next_try TEXT,"
        " message_id TEXT NOT NULL, error TEXT, at TEXT NOT NULL,"
        " PRIMARY KEY (key, channel)) WITHOUT ROWID",
        "CREATE UNIQUE INDEX outbox_message ON outbox (message_id)",
        "CREATE INDEX outbox_by_state ON outbox (state, channel)",
        "CREATE TABLE warnings (identity TEXT PRIMARY KEY, reason TEXT NOT NULL, orders TEXT NOT NULL,"
        " source TEXT NOT NULL, at TEXT NOT NULL, said_at TEXT)",
        "CREATE INDEX warnings_unsaid ON warnings (at) WHERE said_at IS NULL",
        "INSERT INTO meta VALUES ('installation', lower(hex(randomblob(16))))",
    ),
)
