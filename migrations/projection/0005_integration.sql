-- Every applied configuration, as it stands in the ledger.
CREATE TABLE configuration_change (
    position INTEGER PRIMARY KEY,
    body TEXT NOT NULL
) STRICT;

-- Integrations of the configuration in force. `first_position`: the change that first named it
-- since it was last removed.
CREATE TABLE integration (
    name TEXT PRIMARY KEY NOT NULL,
    first_position INTEGER NOT NULL,
    is_active INTEGER NOT NULL,
    stopped_code TEXT,
    stopped_target_code TEXT,
    stopped_message TEXT,
    stopped_hint TEXT,
    stopped_at INTEGER,
    last_success_at INTEGER,
    last_error_at INTEGER,
    last_error_message TEXT
) STRICT, WITHOUT ROWID;
