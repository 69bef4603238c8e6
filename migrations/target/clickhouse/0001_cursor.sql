-- Who may write for a lane, and where it stood a while ago. Rows are only added: the newest of a lane
-- has the highest epoch, then the highest serial. Merges keep the newest row of each claim.
CREATE TABLE IF NOT EXISTS segledger_cursor (
    integration String,
    segment_id Int64,
    ledger String,
    epoch Int64,
    position Int64,
    profile_count Int64,
    resync Int64,
    queries Int64,
    fingerprint String DEFAULT '-',
    serial UInt64,
    claim String
) ENGINE = ReplacingMergeTree(serial) ORDER BY (integration, segment_id, epoch, claim);
