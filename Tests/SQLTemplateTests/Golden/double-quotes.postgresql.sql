1:38: context: "…" names a column in PostgreSQL, so a value cannot stand in it
