DELETE FROM mysegment WHERE segId = 42 AND clientId IN (
    SELECT column_value FROM TABLE(sys.odcivarchar2list('O''Neil','C-2')))
