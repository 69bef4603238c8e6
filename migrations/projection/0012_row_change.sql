-- The fields of profiles that the rows of each integration in force follow.
CREATE TABLE row_field (
    integration TEXT NOT NULL,
    name BLOB NOT NULL,
    PRIMARY KEY (integration, name)
) STRICT, WITHOUT ROWID;

-- Events that changed such fields of profiles who were members of a segment by then: which fields
-- (numbers of names) and which profiles (ordinals), both ascending (layout: RowChange+Coding.swift).
CREATE TABLE row_change (
    segment_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    time INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    names BLOB NOT NULL,
    profiles BLOB NOT NULL,
    PRIMARY KEY (segment_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX row_change_position ON row_change (position);

-- Which segments have members among neighbouring profiles.
CREATE INDEX membership_key ON membership (id & 65535);

CREATE UNIQUE INDEX segment_number ON segment (number);
