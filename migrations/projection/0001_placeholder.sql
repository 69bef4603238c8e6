-- Replaced by the projection's first tables.
SELECT 1;
