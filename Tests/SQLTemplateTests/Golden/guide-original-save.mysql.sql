INSERT INTO segments (segment_id,name,updated)
VALUES
(42, "O'Brien's list", NOW())
ON DUPLICATE KEY UPDATE
name = "O'Brien's list",
updated = NOW();
