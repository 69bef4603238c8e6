SELECT clientId FROM mysegment WHERE segId = 42
