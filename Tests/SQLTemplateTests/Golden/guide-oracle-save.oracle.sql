MERGE INTO segments t
USING (SELECT 42 AS segment_id FROM dual) s ON (t.segment_id = s.segment_id)
WHEN MATCHED THEN UPDATE SET t.name = 'O''Brien''s list', t.updated = TIMESTAMP '2026-03-12 10:00:00.000'
WHEN NOT MATCHED THEN INSERT (segment_id, name, updated)
    VALUES (42, 'O''Brien''s list', TIMESTAMP '2026-03-12 10:00:00.000')
