DELETE FROM segments
WHERE segment_id = 42
LIMIT 1
