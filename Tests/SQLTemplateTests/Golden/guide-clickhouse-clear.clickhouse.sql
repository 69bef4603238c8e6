DELETE FROM mysegment WHERE segId = 42
