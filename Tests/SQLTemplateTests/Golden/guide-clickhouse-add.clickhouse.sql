INSERT INTO mysegment (segId, clientId, updated) VALUES
(42, 'O\'Neil', '2026-03-12T10:00:00.000Z'),
(42, 'C-2', '2026-03-12T10:00:00.000Z'),
(42, 'C-2', '2026-03-12T10:00:00.000Z')

