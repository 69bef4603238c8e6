1:38: context: "…" names a column in SQLite, so a value cannot stand in it
