SELECT clientId FROM mysegment FINAL WHERE segId = 42
