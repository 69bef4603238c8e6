-- The catalogue: what the platform said of each segment. `number` counts segments from 0 in the
-- order in which the ledger first spoke of them.
CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    database_id INTEGER,
    first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_position INTEGER,
    member_count INTEGER NOT NULL
) STRICT;

-- Tags and groups, in the order given.
CREATE TABLE segment_label (
    segment_id INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('tag', 'group')),
    place INTEGER NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (segment_id, kind, place)
) STRICT, WITHOUT ROWID;
