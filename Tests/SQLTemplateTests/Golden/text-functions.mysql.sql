SELECT
'it''s', 'Köln',
'KÖLN', 'köln', 'x', 4,
'öln', 'öl', 'O’Neil',
'p1:31:', 12.50, NULL,
'-12.50', 'true', '["rfm","it''s"]', NULL,
'0cc175b9c0f1b6a831c399e269772661', NULL
