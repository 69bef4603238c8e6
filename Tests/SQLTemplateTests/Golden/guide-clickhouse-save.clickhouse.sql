INSERT INTO segments (segment_id, name, updated) VALUES (42, 'O\'Brien\'s list', '2026-03-12T10:00:00.000Z')
