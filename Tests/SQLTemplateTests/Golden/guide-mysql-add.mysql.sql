INSERT INTO mysegment (segId, clientId, updated)
SELECT 42, j.clientId, '2026-03-12 10:00:00.000'
FROM JSON_TABLE(
    '["O''Neil","C-2","C-2"]',
    '$[*]' COLUMNS (clientId longtext CHARACTER SET utf8mb4 PATH '$' ERROR ON ERROR)) AS j
WHERE j.clientId IS NOT NULL
ON DUPLICATE KEY UPDATE updated = '2026-03-12 10:00:00.000'
