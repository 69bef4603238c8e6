MERGE INTO mysegment t
USING (
    SELECT DISTINCT column_value AS clientId
    FROM TABLE(sys.odcivarchar2list('O''Neil','C-2')) WHERE column_value IS NOT NULL
) s ON (t.segId = 42 AND t.clientId = s.clientId)
WHEN MATCHED THEN UPDATE SET t.updated = TIMESTAMP '2026-03-12 10:00:00.000'
WHEN NOT MATCHED THEN INSERT (segId, clientId, updated)
    VALUES (42, s.clientId, TIMESTAMP '2026-03-12 10:00:00.000')
