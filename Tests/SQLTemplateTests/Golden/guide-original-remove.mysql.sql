DELETE FROM mysegment
WHERE segment_id = 42
AND clientId IN ('O''Neil','C-2')
