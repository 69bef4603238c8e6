-- The ledger's fingerprint that a lane's row in the target holds, as its last receipt says; null: the
-- receipt says none.
ALTER TABLE lane ADD COLUMN fingerprint TEXT;
