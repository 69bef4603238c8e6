-- Which ledger this projection was folded from, and how far.
CREATE TABLE origin (
    ledger TEXT NOT NULL,
    timeline TEXT NOT NULL
) STRICT;

-- One row. `position` is the next one to fold; `recorded_at` that of the last folded frame, in
-- microseconds since the epoch like every time here.
CREATE TABLE checkpoint (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    position INTEGER NOT NULL,
    recorded_at INTEGER
) STRICT;

INSERT INTO checkpoint (id, position, recorded_at) VALUES (0, 0, NULL);
