INSERT INTO mysegment (segId, clientId, updated)
VALUES

(42, "O'Neil", NOW()),

(42, "C-2", NOW()),

(42, "C-2", NOW())

ON DUPLICATE KEY UPDATE
updated = NOW();
