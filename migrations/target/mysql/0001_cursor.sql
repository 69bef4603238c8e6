-- Where each lane stands in this database, moved in the transaction that writes the rows. Names are
-- compared byte by byte; the key takes 520 bytes of the 767 that every row format allows.
CREATE TABLE IF NOT EXISTS segledger_cursor (
    integration varchar(128) NOT NULL,
    segment_id bigint NOT NULL,
    ledger varchar(255) NOT NULL,
    epoch bigint NOT NULL,
    position bigint NOT NULL,
    profile_count bigint NOT NULL,
    resync bigint NOT NULL,
    queries bigint NOT NULL,
    fingerprint varchar(64) NOT NULL DEFAULT '-',
    PRIMARY KEY (integration, segment_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
