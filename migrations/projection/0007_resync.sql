-- Every resync, by the position of its request. `pin` and `resume_position`: -1 for the beginning.
CREATE TABLE resync (
    request INTEGER PRIMARY KEY,
    integration TEXT NOT NULL,
    reason TEXT NOT NULL,
    pin INTEGER NOT NULL,
    resume_position INTEGER NOT NULL,
    outcome TEXT,
    error_code TEXT,
    error_message TEXT,
    requested_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;

CREATE INDEX resync_integration ON resync (integration, request);

CREATE TABLE resync_segment (
    request INTEGER NOT NULL,
    segment_id INTEGER NOT NULL,
    PRIMARY KEY (request, segment_id)
) STRICT, WITHOUT ROWID;
