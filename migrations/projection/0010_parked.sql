-- Changes that are set aside, by the position of the event that did it. `event_position`: the
-- platform's event. `due`: the request to try it again, or what let it go; -1: it waits.
CREATE TABLE parked (
    position INTEGER PRIMARY KEY,
    integration TEXT NOT NULL,
    segment_id INTEGER NOT NULL,
    profile INTEGER NOT NULL,
    event_position INTEGER NOT NULL,
    query TEXT NOT NULL,
    reason TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    time INTEGER NOT NULL,
    due INTEGER NOT NULL,
    code TEXT,
    target_code TEXT,
    message TEXT,
    hint TEXT
) STRICT;

CREATE INDEX parked_profile ON parked (integration, segment_id, profile, event_position);

-- A delivery that was started and of whose outcome no receipt tells: where the lane stands once it
-- is delivered, -2 if there is none; profiles of one delivery at most, where these are several (0: as
-- the integration has it); and the parked change that it tries again, or -1.
ALTER TABLE lane ADD COLUMN started_position INTEGER NOT NULL DEFAULT -2;
ALTER TABLE lane ADD COLUMN started_profile_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lane ADD COLUMN started_size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lane ADD COLUMN started_parked INTEGER NOT NULL DEFAULT -1;

-- What deliveries guarantee, as it was last recorded; null: nothing was delivered yet.
ALTER TABLE integration ADD COLUMN grade TEXT;
ALTER TABLE integration ADD COLUMN grade_reason TEXT;
