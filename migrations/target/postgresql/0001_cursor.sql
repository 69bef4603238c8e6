-- Where each lane stands in this database, moved in the transaction that writes the rows.
CREATE TABLE IF NOT EXISTS segledger_cursor (
    integration text NOT NULL,
    segment_id bigint NOT NULL,
    ledger text NOT NULL,
    epoch bigint NOT NULL,
    position bigint NOT NULL,
    profile_count bigint NOT NULL,
    resync bigint NOT NULL,
    queries bigint NOT NULL,
    fingerprint text NOT NULL DEFAULT '-',
    PRIMARY KEY (integration, segment_id)
);
