-- Where each lane stands in this database, moved in the transaction that writes the rows. Names and
-- ledgers are never empty, which here would be NULL.
CREATE TABLE segledger_cursor (
    integration VARCHAR2(128 CHAR) NOT NULL,
    segment_id NUMBER(19) NOT NULL,
    ledger VARCHAR2(255 CHAR) NOT NULL,
    epoch NUMBER(19) NOT NULL,
    position NUMBER(19) NOT NULL,
    profile_count NUMBER(19) NOT NULL,
    resync NUMBER(19) NOT NULL,
    queries NUMBER(19) NOT NULL,
    fingerprint VARCHAR2(64 CHAR) DEFAULT '-' NOT NULL,
    CONSTRAINT segledger_cursor_key PRIMARY KEY (integration, segment_id)
);
