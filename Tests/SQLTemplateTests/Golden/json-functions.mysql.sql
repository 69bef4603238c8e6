VALUES
('"O''Neil"', '31', '["rfm","it''s"]', '"Köln"', 'rfm'),
('"C-2"', '9', '[]', '""', NULL),
('"C-2"', 'null', 'null', 'null', NULL)
