MERGE INTO mysegment WITH (HOLDLOCK) AS t
USING (
    SELECT DISTINCT j.value COLLATE Latin1_General_100_BIN2 AS clientId
    FROM OPENJSON(N'["O''Neil","C-2","C-2"]') AS j
    WHERE j.value IS NOT NULL
) AS s ON t.segId = 42 AND t.clientId = s.clientId
WHEN MATCHED THEN UPDATE SET updated = '2026-03-12T10:00:00.000'
WHEN NOT MATCHED THEN INSERT (segId, clientId, updated)
    VALUES (42, s.clientId, '2026-03-12T10:00:00.000');
