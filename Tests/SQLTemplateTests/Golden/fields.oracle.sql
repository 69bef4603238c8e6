SELECT 'O''Neil', 'p1', '0123', 'rfm', NULL
