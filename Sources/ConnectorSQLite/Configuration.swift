internal import Connector
internal import SegmentModel

/// Where the database file is, and how long a statement may take.
struct SQLiteConfiguration: Hashable, Sendable {
    let path: String
    /// The directory that must be there before SQLite can create the file.
    let directory: String
    let statementTimeoutMilliseconds: Int
    let sqlSettings: SQLSettings

    init(_ definition: ConnectorDefinition) throws(Failure) {
        let address = try definition.readURL(SQLiteAddress.init)
        path = address.path
        directory = address.directory
        statementTimeoutMilliseconds = definition.statementTimeoutMilliseconds
        sqlSettings = definition.sqlSettings
    }
}
