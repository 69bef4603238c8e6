1:38: context: "…" names a column in SQL Server, so a value cannot stand in it
