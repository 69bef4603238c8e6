DO 'BEGIN INSERT INTO mysegment VALUES (''O''Neil''); END'
