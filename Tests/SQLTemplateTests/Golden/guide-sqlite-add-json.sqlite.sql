INSERT INTO mysegment (segId, clientId, updated)
SELECT 42, j.value, '2026-03-12T10:00:00.000Z'
FROM json_each('["O''Neil","C-2","C-2"]') AS j
WHERE j.value IS NOT NULL
ON CONFLICT (segId, clientId) DO UPDATE SET updated = excluded.updated
