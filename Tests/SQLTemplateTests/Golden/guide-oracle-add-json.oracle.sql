MERGE INTO mysegment t
USING (
    SELECT DISTINCT j.clientId
    FROM JSON_TABLE(
        TO_CLOB('[') || '"O''Neil",' || '"C-2",' || '"C-2"' || ']',
        '$[*]' ERROR ON ERROR COLUMNS (clientId VARCHAR2(4000) PATH '$')) j
    WHERE j.clientId IS NOT NULL
) s ON (t.segId = 42 AND t.clientId = s.clientId)
WHEN MATCHED THEN UPDATE SET t.updated = TIMESTAMP '2026-03-12 10:00:00.000'
WHEN NOT MATCHED THEN INSERT (segId, clientId, updated)
    VALUES (42, s.clientId, TIMESTAMP '2026-03-12 10:00:00.000')
