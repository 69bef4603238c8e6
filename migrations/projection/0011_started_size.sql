-- Profiles of one delivery, at most, among those that were started; 0: as the integration has it.
ALTER TABLE lane ADD COLUMN started_size INTEGER NOT NULL DEFAULT 0;
