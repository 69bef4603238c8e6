INSERT INTO mysegment (segId, clientId, updated)
SELECT 42, clientId, toDateTime64('2026-03-12 10:00:00.000', 3, 'UTC')
FROM (SELECT JSONExtract('["O\'Neil","C-2","C-2"]', 'Array(Nullable(String))') AS ids)
ARRAY JOIN arrayDistinct(ids) AS clientId
WHERE clientId IS NOT NULL
