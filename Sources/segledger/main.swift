import CommandLineInterface
import Connector
import ConnectorClickHouse
import ConnectorMySQL
import ConnectorODBC
import ConnectorPostgres
import ConnectorSQLite

// The composition root: the only place that names adapters.
await SegledgerCommand.runAndExit(
    connectors: ConnectorRegistry([
        SQLiteConnectorFactory(), PostgresConnectorFactory(), MySQLConnectorFactory(),
        SQLServerConnectorFactory(), OracleConnectorFactory(), ClickHouseConnectorFactory(),
    ]))
