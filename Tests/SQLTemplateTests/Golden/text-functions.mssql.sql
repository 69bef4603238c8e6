SELECT
'it''s', N'Köln',
N'KÖLN', N'köln', 'x', 4,
N'öln', N'öl', N'O’Neil',
'p1:31:', 12.50, NULL,
'-12.50', 'true', '["rfm","it''s"]', NULL,
'0cc175b9c0f1b6a831c399e269772661', NULL
