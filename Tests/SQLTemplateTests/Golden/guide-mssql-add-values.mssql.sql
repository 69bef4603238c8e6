MERGE INTO mysegment WITH (HOLDLOCK) AS t
USING (
    SELECT DISTINCT v.clientId COLLATE Latin1_General_100_BIN2 AS clientId
    FROM (VALUES (CAST('O''Neil' AS nvarchar(max))),(CAST('C-2' AS nvarchar(max))),(CAST('C-2' AS nvarchar(max)))) AS v (clientId)
    WHERE v.clientId IS NOT NULL
) AS s ON t.segId = 42 AND t.clientId = s.clientId
WHEN MATCHED THEN UPDATE SET updated = '2026-03-12T10:00:00.000'
WHEN NOT MATCHED THEN INSERT (segId, clientId, updated)
    VALUES (42, s.clientId, '2026-03-12T10:00:00.000');
