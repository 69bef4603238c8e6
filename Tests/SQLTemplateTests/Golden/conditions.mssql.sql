INSERT INTO grades (id, grade) VALUES
('p1', 'gold'),
('p2', 'member'),
('p3', NULL)
