-- The members of each segment: one Roaring container (the profiles whose ordinals share their upper
-- 16 bits) a row, in the portable format, as canonical bytes.
CREATE TABLE membership (
    segment_id INTEGER NOT NULL,
    container_key INTEGER NOT NULL,
    container BLOB NOT NULL,
    PRIMARY KEY (segment_id, container_key)
) STRICT;
