-- A table of the first form gets what the row says of the ledger; `-` in rows that were there.
ALTER TABLE segledger_cursor ADD fingerprint nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL DEFAULT '-';
