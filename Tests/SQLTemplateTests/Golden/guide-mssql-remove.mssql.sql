DELETE FROM mysegment WHERE segId = 42 AND clientId IN (
    SELECT CAST(j.value AS nvarchar(4000)) COLLATE Latin1_General_100_BIN2
    FROM OPENJSON(N'["O''Neil","C-2","C-2"]') AS j)
