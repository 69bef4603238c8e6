internal import SQLTemplate

extension CodeIndex {
    /// Where ClickHouse reads a string as SQL or as the address of something else.
    static let clickHouse: CodeIndex = {
        let manual = "https://clickhouse.com/docs/"
        let tables = manual + "sql-reference/table-functions/"
        var rules = CodeRules()
        rules.hint = "write INSERT INTO … VALUES, and read from tables of the connector's server"
        let statements = manual + "sql-reference/statements/"
        let outside = "run it outside of the query"
        rules.statements = [
            .init("ATTACH", hint: outside, source: statements + "attach"),
            .init("BACKUP", hint: outside, source: manual + "operations/backup"),
            .init("RESTORE", hint: outside, source: manual + "operations/backup"),
        ]
        let once = "create it once, outside of the query"
        rules.definitions = [
            "FUNCTION", "VIEW", "DICTIONARY", "COLLECTION", "POLICY", "QUOTA", "PROFILE",
        ].map { .init($0, hint: once, source: statements + "create") }
        rules.functions = [
            "REMOTE", "REMOTESECURE", "CLUSTER", "CLUSTERALLREPLICAS", "EXECUTABLE", "URL",
            "URLCLUSTER", "S3", "S3CLUSTER", "GCS", "OSS", "COSN", "HDFS", "HDFSCLUSTER", "FILE",
            "FILECLUSTER", "MYSQL", "POSTGRESQL", "MONGODB", "SQLITE", "ODBC", "JDBC", "REDIS",
            "INPUT", "AZUREBLOBSTORAGE", "AZUREBLOBSTORAGECLUSTER", "DELTALAKE",
            "DELTALAKECLUSTER", "ICEBERG", "ICEBERGCLUSTER", "ICEBERGS3", "ICEBERGAZURE",
            "ICEBERGHDFS", "ICEBERGLOCAL", "HUDI", "HUDICLUSTER", "PAIMON", "HIVE", "LOOP", "MERGE",
            "MERGETREEINDEX", "GENERATERANDOM", "FUZZJSON", "FUZZQUERY", "YTSAURUS",
            "ARROWFLIGHT", "PROMETHEUSQUERY", "TIMESERIESSELECTOR", "TIMESERIESDATA",
        ].map { .init($0, source: tables) }
        return CodeIndex(rules)
    }()
}
