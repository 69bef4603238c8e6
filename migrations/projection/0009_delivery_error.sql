-- Deliveries that failed, by the position of their receipt.
CREATE TABLE delivery_error (
    position INTEGER PRIMARY KEY,
    integration TEXT NOT NULL,
    segment_id INTEGER NOT NULL,
    time INTEGER NOT NULL,
    query TEXT,
    first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    code TEXT,
    target_code TEXT,
    message TEXT,
    hint TEXT
) STRICT;

CREATE INDEX delivery_error_integration ON delivery_error (integration, position);
