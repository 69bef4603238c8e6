INSERT INTO mysegment (segId, clientId, updated)
SELECT 42, clientId, parseDateTime64BestEffort('2026-03-12T10:00:00.000Z', 3, 'UTC')
FROM (SELECT JSONExtract('["O\'Neil","C-2","C-2"]', 'Array(Nullable(String))') AS ids)
ARRAY JOIN arrayDistinct(ids) AS clientId
WHERE clientId IS NOT NULL
