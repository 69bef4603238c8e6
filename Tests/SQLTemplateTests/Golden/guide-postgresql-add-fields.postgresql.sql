INSERT INTO mysegment (segId, clientId, updated)
SELECT DISTINCT ON (v.id) 42, v.id, v.seen
FROM (VALUES ('O''Neil'::text, '2026-03-11T22:30:00.000Z'::timestamptz),('C-2'::text, NULL::timestamptz),('C-2'::text, NULL::timestamptz)) AS v (id, seen)
WHERE v.id IS NOT NULL ORDER BY v.id, v.seen DESC NULLS LAST
ON CONFLICT (segId, clientId) DO UPDATE SET updated = excluded.updated
