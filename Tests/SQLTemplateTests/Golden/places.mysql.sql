VALUES
('O''Neil', '<O''Neil>', NULL, -12.50, 1 -(-12.50), TRUE, 'true'),
('C-2', '<C-2>', 'C:\\
new', 0, 1 -0, FALSE, 'false'),
('C-2', '<C-2>', NULL, NULL, 1 -NULL, NULL, '')
