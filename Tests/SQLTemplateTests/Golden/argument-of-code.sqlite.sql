1:79: context: SQLite reads a bound parameter here, and a query has none
1:86: context: a value cannot stand in this string, which takes only some characters or reads them by rules of its own
