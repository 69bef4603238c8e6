-- A table of the first form gets what the row says of the ledger; `-` in rows that were there.
ALTER TABLE segledger_cursor ADD COLUMN fingerprint text NOT NULL DEFAULT '-';
