-- From which event on the rows of an integration follow a field, and whether it is part of a row key
-- that several profiles may have; of all that such a key ever was, or of what it was since.
ALTER TABLE row_field ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE row_field ADD COLUMN is_shared_key INTEGER NOT NULL DEFAULT 0;
ALTER TABLE row_field ADD COLUMN is_whole_history INTEGER NOT NULL DEFAULT 0;

-- Each row key that a profile ever had while an integration followed it as one that several may have
-- (hash: RowKey.swift). Nothing is taken out: what a profile has now, its fields say.
CREATE TABLE row_key (
    hash INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    PRIMARY KEY (hash, ordinal)
) STRICT, WITHOUT ROWID;

-- Profiles for whom another one was ever found with an equal hash.
CREATE TABLE shared_row_key (ordinal INTEGER PRIMARY KEY) STRICT;

-- Of what is folded already the keys are not known: all is folded again.
DELETE FROM segment;
DELETE FROM segment_label;
DELETE FROM membership;
DELETE FROM field_page;
DELETE FROM field_value;
DELETE FROM configuration_change;
DELETE FROM integration;
DELETE FROM lane;
DELETE FROM resync;
DELETE FROM resync_segment;
DELETE FROM statistic;
DELETE FROM delivery_error;
DELETE FROM parked;
DELETE FROM row_field;
DELETE FROM row_change;
UPDATE checkpoint SET position = 0, recorded_at = NULL;
