MERGE INTO segments WITH (HOLDLOCK) AS t
USING (SELECT 42 AS segment_id) AS s ON t.segment_id = s.segment_id
WHEN MATCHED THEN UPDATE SET name = 'O''Brien''s list', updated = '2026-03-12T10:00:00.000'
WHEN NOT MATCHED THEN INSERT (segment_id, name, updated)
    VALUES (42, 'O''Brien''s list', '2026-03-12T10:00:00.000');
