VALUES
(N'Köln', N'Köln', N'"Köln"', N'Köln'),
('', '', '""', ''),
(NULL, '', 'null', '?')
