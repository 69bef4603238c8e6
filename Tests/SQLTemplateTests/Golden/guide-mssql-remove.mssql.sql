DELETE FROM mysegment WHERE segId = 42 AND clientId IN (
    SELECT j.value COLLATE Latin1_General_100_BIN2
    FROM OPENJSON(N'["O''Neil","C-2","C-2"]') AS j)
