1:8: context: SQLite reads a bound parameter here, and a query has none
1:9: context: SQLite reads a bound parameter here, and a query has none
1:26: context: SQLite reads a bound parameter here, and a query has none
1:27: context: SQLite reads a bound parameter here, and a query has none
