-- Where each lane stands in this database, moved in the transaction that writes the rows. Names are
-- compared code by code.
CREATE TABLE segledger_cursor (
    integration nvarchar(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
    segment_id bigint NOT NULL,
    ledger nvarchar(255) COLLATE Latin1_General_100_BIN2 NOT NULL,
    epoch bigint NOT NULL,
    position bigint NOT NULL,
    profile_count bigint NOT NULL,
    resync bigint NOT NULL,
    queries bigint NOT NULL,
    fingerprint nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL DEFAULT '-',
    CONSTRAINT segledger_cursor_key PRIMARY KEY (integration, segment_id)
);
