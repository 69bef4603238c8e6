INSERT INTO mysegment (n, segId, clientId) VALUES
(0, 42, 'O''Neil'),
(1, 42, 'C-2'),
(2, 42, 'C-2')
