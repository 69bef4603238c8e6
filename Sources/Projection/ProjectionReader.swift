internal import GRDB
package import SegmentModel

/// Questions to one consistent snapshot of the projections. Valid inside `ProjectionStore.read`.
package struct ProjectionReader {
    let database: Database

    init(_ database: Database) {
        self.database = database
    }

    /// The next position to fold: everything here is the state before it.
    package func checkpoint() throws -> Position {
        let position = try Int64.fetchOne(
            database.cachedStatement(sql: "SELECT position FROM checkpoint"))
        guard let position, position >= 0 else {
            throw Failure(
                .projectionInvalid, "the projections have lost their checkpoint",
                hint: Failure.rebuildHint)
        }
        return Position(UInt64(position))
    }

    /// When the last folded frame was recorded; nil while nothing is folded.
    package func recordedAt() throws -> Timestamp? {
        try Int64.fetchOne(
            database.cachedStatement(
                sql: "SELECT recorded_at FROM checkpoint WHERE recorded_at IS NOT NULL")
        ).map(Timestamp.init(rawValue:))
    }

    /// Bodies of every applied configuration, in ledger order.
    package func configurationBodies() throws -> [(position: Position, body: String)] {
        try Row.fetchAll(
            database, sql: "SELECT position, body FROM configuration_change ORDER BY position"
        ).map { (position: position($0[0]), body: $0[1]) }
    }

    func rows(_ sql: String, _ arguments: StatementArguments) throws -> [Row] {
        try Row.fetchAll(database.cachedStatement(sql: sql), arguments: arguments)
    }

    /// What is wanted of each of many rows, as there may be of lanes or segments: no more of a row
    /// is kept.
    ///
    /// - Parameter value: asks the database for nothing.
    func values<Value>(
        _ sql: String, _ arguments: StatementArguments, _ value: (Row) throws -> Value
    ) throws -> [Value] {
        let cursor = try Row.fetchCursor(
            database.cachedStatement(sql: sql), arguments: arguments)
        var values: [Value] = []
        while let row = try cursor.next() { values.append(try value(row)) }
        return values
    }

    func position(_ value: Int64) -> Position { Position(UInt64(bitPattern: value)) }

    /// -1 stands for none.
    func optionalPosition(_ value: Int64) -> Position? { value < 0 ? nil : position(value) }

    func timestamp(_ value: Int64?) -> Timestamp? { value.map(Timestamp.init(rawValue:)) }
}
