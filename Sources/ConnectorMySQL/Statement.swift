internal import CMariaDB
internal import Connector
internal import Glibc

/// A prepared statement of a connection. Parameters and results are texts, which client and server
/// convert to and from the columns' types.
///
/// Closed by its connection, before the connection is.
final class MySQLStatement {
    /// Bytes of the longest column of `segledger_cursor`, with room to spare.
    private static let columnByteCountMax = 4096

    private let statement: UnsafeMutablePointer<MYSQL_STMT>
    private unowned let connection: MySQLConnection

    /// The statement's clock must be running.
    init(_ sql: String, on connection: MySQLConnection) throws(TargetFailure) {
        guard let statement = mysql_stmt_init(connection.handle) else {
            throw MySQLFailures.outOfMemory
        }
        self.statement = statement
        self.connection = connection
        do throws(TargetFailure) {
            let text = CStrings([sql])
            let byteCount = CUnsignedLong(sql.utf8.count)
            var status: CInt = 0
            try connection.complete(
                mysql_stmt_prepare_start(&status, statement, text[0], byteCount)
            ) { mysql_stmt_prepare_cont(&status, statement, $0) }
            withExtendedLifetime(text) {}
            try check(status)
        } catch {
            close()
            throw error
        }
    }

    func close() {
        mysql_stmt_close(statement)
    }

    /// Runs it once: the rows, or the number of rows that were found or inserted.
    func run(
        _ parameters: [String]
    ) throws(TargetFailure) -> (rows: [[String?]], rowCount: Int) {
        let texts = CStrings(parameters)
        var binds = parameters.indices.map { index in
            var bind = MYSQL_BIND()
            bind.buffer_type = MYSQL_TYPE_STRING
            bind.buffer = UnsafeMutableRawPointer(mutating: texts[index])
            bind.buffer_length = CUnsignedLong(parameters[index].utf8.count)
            return bind
        }
        precondition(
            mysql_stmt_param_count(statement) == CUnsignedLong(binds.count),
            "as many parameters as placeholders")
        // Copies the binds, not what they point to.
        guard mysql_stmt_bind_param(statement, &binds) == 0 else { throw failure() }
        var status: CInt = 0
        try connection.complete(mysql_stmt_execute_start(&status, statement)) {
            mysql_stmt_execute_cont(&status, statement, $0)
        }
        withExtendedLifetime(texts) {}
        try check(status)
        guard mysql_stmt_field_count(statement) > 0 else {
            return ([], Int(mysql_stmt_affected_rows(statement)))
        }
        return (try rows(), 0)
    }

    private func rows() throws(TargetFailure) -> [[String?]] {
        let columnCount = Int(mysql_stmt_field_count(statement))
        let columns = ResultColumns(count: columnCount, byteCountMax: Self.columnByteCountMax)
        var status: CInt = 0
        guard mysql_stmt_bind_result(statement, &columns.binds) == 0 else { throw failure() }
        try connection.complete(mysql_stmt_store_result_start(&status, statement)) {
            mysql_stmt_store_result_cont(&status, statement, $0)
        }
        try check(status)
        defer { mysql_stmt_free_result(statement) }
        var rows: [[String?]] = []
        while true {
            switch mysql_stmt_fetch(statement) {
            case 0: rows.append(columns.row)
            case MYSQL_NO_DATA: return rows
            case MYSQL_DATA_TRUNCATED: throw MySQLFailures.longColumn
            default: throw failure()
            }
        }
    }

    private func check(_ status: CInt) throws(TargetFailure) {
        if status != 0 { throw failure() }
    }

    private func failure() -> TargetFailure {
        connection.completed(
            MySQLFailures.failure(
                code: mysql_stmt_errno(statement),
                sqlState: String(cString: mysql_stmt_sqlstate(statement)),
                message: String(cString: mysql_stmt_error(statement))))
    }
}

/// Where the columns of one row are put.
private final class ResultColumns {
    var binds: [MYSQL_BIND]
    private let bytes: UnsafeMutablePointer<UInt8>
    private let lengths: UnsafeMutablePointer<CUnsignedLong>
    private let nulls: UnsafeMutablePointer<my_bool>
    private let byteCountMax: Int

    init(count: Int, byteCountMax: Int) {
        self.byteCountMax = byteCountMax
        bytes = .allocate(capacity: count * byteCountMax)
        lengths = .allocate(capacity: count)
        lengths.initialize(repeating: 0, count: count)
        nulls = .allocate(capacity: count)
        nulls.initialize(repeating: 0, count: count)
        binds = [MYSQL_BIND](repeating: MYSQL_BIND(), count: count)
        for index in binds.indices {
            binds[index].buffer_type = MYSQL_TYPE_STRING
            binds[index].buffer = UnsafeMutableRawPointer(bytes + index * byteCountMax)
            binds[index].buffer_length = CUnsignedLong(byteCountMax)
            binds[index].length = lengths + index
            binds[index].is_null = nulls + index
        }
    }

    deinit {
        bytes.deallocate()
        lengths.deallocate()
        nulls.deallocate()
    }

    var row: [String?] {
        binds.indices.map { index in
            guard nulls[index] == 0 else { return nil }
            let count = min(Int(lengths[index]), byteCountMax)
            let start = bytes + index * byteCountMax
            return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
        }
    }
}
