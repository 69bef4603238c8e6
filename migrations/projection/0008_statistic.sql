-- Totals by minute (since the epoch) and query; the empty query is a delivery that ran none.
CREATE TABLE statistic (
    integration TEXT NOT NULL,
    minute INTEGER NOT NULL,
    query TEXT NOT NULL,
    successful_queries INTEGER NOT NULL,
    failed_queries INTEGER NOT NULL,
    profiles INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    PRIMARY KEY (integration, minute, query)
) STRICT, WITHOUT ROWID;
