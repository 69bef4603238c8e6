-- Where each lane stands; -1 for none.
CREATE TABLE lane (
    integration TEXT NOT NULL,
    segment_id INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    position INTEGER NOT NULL,
    profile_count INTEGER NOT NULL,
    successful_queries INTEGER NOT NULL,
    last_resync INTEGER NOT NULL,
    pending_resync INTEGER NOT NULL,
    has_left INTEGER NOT NULL,
    PRIMARY KEY (integration, segment_id)
) STRICT, WITHOUT ROWID;
