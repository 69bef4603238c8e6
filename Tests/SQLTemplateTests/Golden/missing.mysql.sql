VALUES
('Köln', 'Köln', '"Köln"', 'Köln'),
('', '', '""', ''),
(NULL, '', 'null', '?')
