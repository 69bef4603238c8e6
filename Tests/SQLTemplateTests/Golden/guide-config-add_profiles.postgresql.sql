INSERT INTO mysegment (segId, clientId, updated)
SELECT 42, c.id, '2026-03-12T10:00:00.000Z'::timestamptz
FROM unnest(ARRAY['O''Neil','C-2']::text[]) AS c (id) WHERE c.id IS NOT NULL
ON CONFLICT (segId, clientId) DO UPDATE SET updated = excluded.updated

