1:38: context: "…" names a column in Oracle, so a value cannot stand in it
