internal import CODBC
internal import Connector

/// What the results of one call come to.
struct ODBCResults {
    /// Rows that were written, over all statements. What a SELECT returns does not count.
    var rowCount = 0
    /// Of the last statement that returned rows.
    var rows: [[String?]] = []
}

/// A statement handle, for one text. Text goes over in UTF-16, which every driver that is told it
/// this way takes as it is, whatever its or the system's character set.
///
/// Used on the connection's thread, with the watch registered around it.
struct ODBCStatement: ~Copyable {
    /// Units of a piece of a long value.
    private static let pieceUnitCount = 1 << 15

    let handle: SQLHSTMT
    private let connection: ODBCConnection

    init(on connection: ODBCConnection) throws(TargetFailure) {
        var handle: SQLHANDLE?
        let code = SQLAllocHandle(SQLSMALLINT(SQL_HANDLE_STMT), connection.handle, &handle)
        guard isSuccess(code), let handle else {
            throw connection.failure(SQL_HANDLE_DBC, connection.handle)
        }
        self.handle = handle
        self.connection = connection
        // Where a driver lacks one of them it says so here, and the watch keeps the time alone.
        set(SQL_ATTR_NOSCAN, UInt(SQL_NOSCAN_ON))
        if connection.dialect.hasQueryTimeout {
            set(SQL_ATTR_QUERY_TIMEOUT, UInt(connection.statementTimeoutSeconds))
        }
    }

    deinit {
        SQLFreeHandle(SQLSMALLINT(SQL_HANDLE_STMT), handle)
    }

    private func set(_ attribute: CInt, _ value: UInt) {
        SQLSetStmtAttr(handle, attribute, SQLPOINTER(bitPattern: value), SQL_IS_UINTEGER)
    }

    /// Runs the text, walks all results and returns what they come to; the first error ends it.
    func run(
        _ units: [UInt16], _ parameters: [String], wantsRows: Bool
    ) throws(TargetFailure) -> ODBCResults {
        let bound = ODBCParameters(parameters)
        try bind(bound)
        var units = units
        let code = SQLExecDirectW(handle, &units, SQLINTEGER(units.count))
        withExtendedLifetime(bound) {}
        return try collect(code, wantsRows: wantsRows)
    }

    private func bind(_ parameters: ODBCParameters) throws(TargetFailure) {
        let type = connection.dialect.hasNationalParameters ? SQL_WVARCHAR : SQL_VARCHAR
        for index in 0..<parameters.count {
            let code = SQLBindParameter(
                handle, SQLUSMALLINT(index + 1), SQLSMALLINT(SQL_PARAM_INPUT),
                SQLSMALLINT(SQL_C_WCHAR), SQLSMALLINT(type),
                SQLULEN(max(1, parameters.unitCount(index))), 0, parameters.units(index),
                SQLLEN(parameters.unitCount(index) * 2), parameters.byteCount(index))
            guard isSuccess(code) else { throw failure() }
        }
    }

    private func collect(
        _ first: SQLRETURN, wantsRows: Bool
    ) throws(TargetFailure) -> ODBCResults {
        var results = ODBCResults()
        var code = first
        while true {
            // SQL_NO_DATA of the first call: an UPDATE or DELETE that met no row.
            guard isSuccess(code) || code == SQL_NO_DATA else { throw failure() }
            try addResult(to: &results, wantsRows: wantsRows)
            if connection.watch.interruption != .none { throw failure() }
            code = SQLMoreResults(handle)
            if code == SQL_NO_DATA { return results }
        }
    }

    private func addResult(
        to results: inout ODBCResults, wantsRows: Bool
    ) throws(TargetFailure) {
        var columnCount: SQLSMALLINT = 0
        guard isSuccess(SQLNumResultCols(handle, &columnCount)) else { throw failure() }
        guard columnCount > 0 else {
            var rowCount: SQLLEN = 0
            if isSuccess(SQLRowCount(handle, &rowCount)) { results.rowCount += max(0, rowCount) }
            return
        }
        if wantsRows { results.rows = [] }
        // Fetched to the end in any case: an error can wait behind the last row.
        while true {
            let code = SQLFetch(handle)
            if code == SQL_NO_DATA { return }
            guard isSuccess(code), connection.watch.interruption == .none else { throw failure() }
            if wantsRows { results.rows.append(try row(Int(columnCount))) }
        }
    }

    private func row(_ columnCount: Int) throws(TargetFailure) -> [String?] {
        var row: [String?] = []
        row.reserveCapacity(columnCount)
        for column in 1...columnCount { row.append(try value(column)) }
        return row
    }

    /// One value, in pieces where it is long.
    private func value(_ column: Int) throws(TargetFailure) -> String? {
        var units: [UInt16] = []
        while true {
            var length: SQLLEN = 0
            let byteCount = SQLLEN(Self.pieceUnitCount * 2)
            let code = SQLGetData(
                handle, SQLUSMALLINT(column), SQLSMALLINT(SQL_C_WCHAR), connection.piece,
                byteCount, &length)
            if code == SQL_NO_DATA { break }
            guard isSuccess(code) else { throw failure() }
            if length == SQLLEN(SQL_NULL_DATA) { return nil }
            // A piece that is not the last ends with a unit of zero.
            let isWhole = length >= 0 && length < byteCount
            let unitCount = isWhole ? Int(length) / 2 : Self.pieceUnitCount - 1
            let piece = connection.piece.assumingMemoryBound(to: UInt16.self)
            let buffer = UnsafeBufferPointer(start: piece, count: unitCount)
            if isWhole, units.isEmpty { return String(decoding: buffer, as: UTF16.self) }
            units += buffer
            if isWhole { break }
        }
        return String(decoding: units, as: UTF16.self)
    }

    static func allocatePiece() -> UnsafeMutableRawPointer {
        .allocate(byteCount: pieceUnitCount * 2, alignment: 2)
    }

    private func failure() -> TargetFailure { connection.failure(SQL_HANDLE_STMT, handle) }
}

/// Texts in memory that stays where it is while a statement runs.
private final class ODBCParameters {
    private let texts: [UnsafeMutableBufferPointer<UInt16>]
    private let byteCounts: UnsafeMutablePointer<SQLLEN>

    init(_ parameters: [String]) {
        texts = parameters.map { text in
            let units = Array(text.utf16)
            let buffer = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: units.count + 1)
            _ = buffer.initialize(from: units + [0])
            return buffer
        }
        byteCounts = .allocate(capacity: parameters.count + 1)
        byteCounts.initialize(repeating: 0, count: parameters.count + 1)
        for index in texts.indices { byteCounts[index] = (texts[index].count - 1) * 2 }
    }

    deinit {
        for text in texts { text.deallocate() }
        byteCounts.deallocate()
    }

    var count: Int { texts.count }

    func unitCount(_ index: Int) -> Int { texts[index].count - 1 }

    func units(_ index: Int) -> UnsafeMutableRawPointer? {
        texts[index].baseAddress.map { UnsafeMutableRawPointer($0) }
    }

    func byteCount(_ index: Int) -> UnsafeMutablePointer<SQLLEN> { byteCounts + index }
}
