-- The fields of profiles at every position: pages of 32 neighbouring profiles each (layout:
-- FieldPage.swift). `id` is (ordinal >> 5) << 32 | the page's number in its block, from 0;
-- `position` that of the page's first record.
CREATE TABLE field_page (
    id INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,
    page BLOB NOT NULL
) STRICT;

-- Values too long for a page, by the change that set them.
CREATE TABLE field_value (
    position INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    name INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (position, ordinal, name)
) STRICT, WITHOUT ROWID;
