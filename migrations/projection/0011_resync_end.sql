-- How each segment of a resync ended; null: it has not.
ALTER TABLE resync_segment ADD COLUMN outcome TEXT;

-- The request of a lane's first fill, or of the one after it had left the scope, until a rebuild of it
-- is done: if that failed or was cancelled, the lane waits for another. -1: its rows are its own.
ALTER TABLE lane ADD COLUMN unfilled INTEGER NOT NULL DEFAULT -1;

-- The receipt of a lane's last try, if that failed and nothing was delivered since; -1: it did not.
ALTER TABLE lane ADD COLUMN failing INTEGER NOT NULL DEFAULT -1;
