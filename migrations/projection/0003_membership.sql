-- The members of each segment: one Roaring container (the profiles whose ordinals share their upper
-- 16 bits) a row, in the portable format, as canonical bytes (layout: MemberContainer+Coding.swift).
-- `id` is the segment's number << 16 | those 16 bits.
CREATE TABLE membership (
    id INTEGER PRIMARY KEY,
    container BLOB NOT NULL
) STRICT;
