1:38: context: "…" names a column in ClickHouse, so a value cannot stand in it
