-- Where each lane stands in this database, moved in the transaction that writes the rows.
CREATE TABLE IF NOT EXISTS segledger_cursor (
    integration TEXT NOT NULL,
    segment_id INTEGER NOT NULL,
    ledger TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    position INTEGER NOT NULL,
    profile_count INTEGER NOT NULL,
    resync INTEGER NOT NULL,
    queries INTEGER NOT NULL,
    fingerprint TEXT NOT NULL DEFAULT '-',
    PRIMARY KEY (integration, segment_id)
) WITHOUT ROWID;
