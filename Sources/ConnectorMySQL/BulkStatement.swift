internal import CMariaDB
internal import Connector
internal import SQLTemplate

/// A statement for one row that MariaDB runs for many at once: the values of all rows go in one
/// packet (https://mariadb.com/kb/en/com_stmt_bulk_execute/). The rows are written one behind the
/// other, as those of `INSERT … VALUES (…), (…)` are, and at one time: `NOW()` is the same in all.
///
/// Closed by its connection, before the connection is.
final class MySQLBulkStatement {
    private let statement: UnsafeMutablePointer<MYSQL_STMT>
    private unowned let connection: MySQLConnection
    private let parameterCount: Int

    /// The statement's clock must be running.
    init(_ shape: BoundShape, on connection: MySQLConnection) throws(TargetFailure) {
        guard let statement = mysql_stmt_init(connection.handle) else {
            throw MySQLFailures.outOfMemory
        }
        self.statement = statement
        self.connection = connection
        parameterCount = shape.rowParameters.count
        do throws(TargetFailure) {
            var status: CInt = 0
            try shape.rowSQL.withUnsafeBufferPointer { (sql) throws(TargetFailure) in
                let text = UnsafeRawPointer(sql.baseAddress)?.assumingMemoryBound(to: CChar.self)
                try connection.complete(
                    mysql_stmt_prepare_start(&status, statement, text, CUnsignedLong(sql.count))
                ) { mysql_stmt_prepare_cont(&status, statement, $0) }
            }
            guard status == 0 else { throw failure() }
            guard mysql_stmt_param_count(statement) == CUnsignedLong(parameterCount) else {
                throw MySQLFailures.unbindable
            }
        } catch {
            close()
            throw error
        }
    }

    func close() {
        mysql_stmt_close(statement)
    }

    /// Runs it for every row of the query: the number of rows as `MySQLResults` counts them.
    func run(_ query: BoundQuery) throws(TargetFailure) -> UInt64 {
        let columns = BulkColumns(query)
        var rowCount = CUnsignedInt(query.shape.rowCount)
        guard mysql_stmt_attr_set(statement, STMT_ATTR_ARRAY_SIZE, &rowCount) == 0,
            mysql_stmt_bind_param(statement, &columns.binds) == 0
        else { throw failure() }
        var status: CInt = 0
        try query.bytes.withUnsafeBufferPointer { (bytes) throws(TargetFailure) in
            columns.point(into: bytes, query)
            try connection.complete(mysql_stmt_execute_start(&status, statement)) {
                mysql_stmt_execute_cont(&status, statement, $0)
            }
        }
        withExtendedLifetime(columns) {}
        guard status == 0 else { throw failure() }
        let affected = mysql_stmt_affected_rows(statement)
        // No INSERT that is bound returns rows; nobody would read them.
        guard mysql_stmt_field_count(statement) == 0 else {
            throw connection.giveUp(.tooManyRows)
        }
        // Each row counts once at least. A server that ran only some of them has done it wrong.
        guard affected >= UInt64(rowCount) else {
            throw MySQLFailures.unbindable
        }
        return affected
    }

    private func failure() -> TargetFailure {
        connection.completed(
            MySQLFailures.failure(
                code: mysql_stmt_errno(statement),
                sqlState: String(cString: mysql_stmt_sqlstate(statement)),
                message: String(cString: mysql_stmt_error(statement))))
    }
}

/// The values of a query by column, as libmariadb reads them: for each parameter an array of
/// pointers, or of numbers, an array of lengths and one of marks for NULL.
private final class BulkColumns {
    var binds: [MYSQL_BIND]
    private let rowCount: Int
    private let pointers: UnsafeMutablePointer<UnsafePointer<UInt8>?>
    private let numbers: UnsafeMutablePointer<Int64>
    private let lengths: UnsafeMutablePointer<CUnsignedLong>
    private let marks: UnsafeMutablePointer<CChar>

    init(_ query: BoundQuery) {
        let shape = query.shape
        rowCount = shape.rowCount
        let count = shape.rowParameters.count * rowCount
        pointers = .allocate(capacity: count)
        numbers = .allocate(capacity: count)
        lengths = .allocate(capacity: count)
        marks = .allocate(capacity: count)
        binds = [MYSQL_BIND](repeating: MYSQL_BIND(), count: shape.rowParameters.count)
        for index in binds.indices {
            let start = index * rowCount
            let isNumber = Self.type(of: shape.rowParameters[index], shape) != .text
            binds[index].buffer_type = isNumber ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_STRING
            binds[index].buffer =
                isNumber
                ? UnsafeMutableRawPointer(numbers + start)
                : UnsafeMutableRawPointer(pointers + start)
            binds[index].length = lengths + start
            binds[index].u.indicator = marks + start
        }
    }

    deinit {
        pointers.deallocate()
        numbers.deallocate()
        lengths.deallocate()
        marks.deallocate()
    }

    private static func type(
        of parameter: BoundShape.RowParameter, _ shape: BoundShape
    ) -> BoundShape.ValueType {
        switch parameter {
        case .shared(let place): shape.sharedTypes[place]
        case .column(let place): shape.columnTypes[place]
        }
    }

    /// `bytes` are the query's, and must stay as long as these columns are used.
    func point(into bytes: UnsafeBufferPointer<UInt8>, _ query: BoundQuery) {
        let shape = query.shape
        let base = bytes.baseAddress
        let (sharedCount, columnCount) = (shape.sharedTypes.count, shape.columnTypes.count)
        query.values.withUnsafeBufferPointer { values in
            for (index, parameter) in shape.rowParameters.enumerated() {
                let isNumber = Self.type(of: parameter, shape) != .text
                var place: Int
                let step: Int
                switch parameter {
                case .shared(let shared): (place, step) = (shared, 0)
                case .column(let column): (place, step) = (sharedCount + column, columnCount)
                }
                for row in index * rowCount..<(index + 1) * rowCount {
                    let value = values[place]
                    place += step
                    let start = base.map { $0 + Int(value.offset) }
                    marks[row] = CChar(
                        (value.isNull ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE).rawValue)
                    lengths[row] = CUnsignedLong(max(0, value.count))
                    pointers[row] = start
                    numbers[row] = isNumber && !value.isNull ? Self.number(start!, value) : 0
                }
            }
        }
    }

    /// The renderer has seen that it is one.
    private static func number(_ start: UnsafePointer<UInt8>, _ value: BoundQuery.Value) -> Int64 {
        let isNegative = start.pointee == UInt8(ascii: "-")
        var number: Int64 = 0
        for index in (isNegative ? 1 : 0)..<Int(value.count) {
            number = number &* 10 &+ Int64(start[index] &- UInt8(ascii: "0"))
        }
        return isNegative ? -number : number
    }
}
