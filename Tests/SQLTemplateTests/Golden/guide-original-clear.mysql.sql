DELETE FROM mysegment
WHERE segment_id = 42
