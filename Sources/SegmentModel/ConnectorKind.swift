/// The kinds of external database, by the name that the configuration uses.
package enum ConnectorKind: String, CaseIterable, Sendable {
    case postgresql, mysql, mssql, oracle, clickhouse, sqlite
}
