DELETE FROM mysegment WHERE segId = 42 AND clientId IN ('O''Neil','C-2')
