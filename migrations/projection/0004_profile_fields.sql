-- All fields of a profile after each position that changed any (layout: FieldSet.swift).
CREATE TABLE profile_fields (
    ordinal INTEGER NOT NULL,
    position INTEGER NOT NULL,
    fields BLOB NOT NULL,
    PRIMARY KEY (ordinal, position)
) STRICT, WITHOUT ROWID;
