internal import GRDB
internal import GRDBSQLite

/// A prepared statement for loops over many rows: numbers and bytes pass without a box or a copy.
///
/// Invariant: used on its connection's queue only, and reset whenever nobody reads its row.
struct RowStatement {
    /// Keeps `handle` alive.
    private let statement: Statement
    private let handle: OpaquePointer

    init(_ database: Database, _ sql: String) throws {
        statement = try database.cachedStatement(sql: sql)
        handle = statement.sqliteStatement
        reset()
    }

    /// Parameters and columns count from 0.
    func bind(_ index: Int, _ value: Int64) {
        sqlite3_bind_int64(handle, CInt(index + 1), value)
    }

    func bind(_ index: Int, _ value: Int64?) {
        guard let value else {
            sqlite3_bind_null(handle, CInt(index + 1))
            return
        }
        bind(index, value)
    }

    /// The bytes are read during the next `run`, `fetch` or `next`, and have to stay until then.
    func bind(_ index: Int, _ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else {
            sqlite3_bind_zeroblob(handle, CInt(index + 1), 0)
            return
        }
        sqlite3_bind_blob64(handle, CInt(index + 1), start, UInt64(bytes.count), nil)
    }

    /// Runs a statement that returns no rows.
    func run() throws {
        defer { reset() }
        while try next() {}
    }

    /// Calls `body` if there is a row; the row's bytes are valid until it returns.
    func fetch<Result>(_ body: () throws -> Result) throws -> Result? {
        defer { reset() }
        return try next() ? try body() : nil
    }

    /// Goes on to the next row; false at the end.
    func next() throws -> Bool {
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            throw DatabaseError(
                resultCode: ResultCode(rawValue: code),
                message: String(cString: sqlite3_errmsg(sqlite3_db_handle(handle))))
        }
    }

    func reset() {
        // What it returns is the error that `next` threw already.
        sqlite3_reset(handle)
    }

    func number(_ column: Int) -> Int64 { sqlite3_column_int64(handle, CInt(column)) }

    func optionalNumber(_ column: Int) -> Int64? {
        sqlite3_column_type(handle, CInt(column)) == SQLITE_NULL ? nil : number(column)
    }

    func bytes(_ column: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: sqlite3_column_blob(handle, CInt(column)),
            count: Int(sqlite3_column_bytes(handle, CInt(column))))
    }
}
