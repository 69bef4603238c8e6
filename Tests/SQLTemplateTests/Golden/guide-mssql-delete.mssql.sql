DELETE FROM segments WHERE segment_id = 42
