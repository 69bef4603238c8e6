internal import CODBC
internal import Connector

/// What the results of one call come to.
struct ODBCResults {
    /// Rows that were written, over all statements. What a SELECT returns does not count.
    var rowCount = 0
    /// Of the last statement that returned rows.
    var rows: [[String?]] = []
}

/// A statement handle, for one text. Used on the connection's thread, with the watch registered
/// around it.
struct ODBCStatement: ~Copyable {
    /// Of a piece of a long value.
    private static let pieceByteCount = 1 << 16

    let handle: SQLHSTMT
    private let connection: ODBCConnection
    private var isWide: Bool { connection.dialect.hasWideText }

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

    /// What its end does, at a place that the caller chooses.
    consuming func free() {}

    private func set(_ attribute: CInt, _ value: UInt) {
        SQLSetStmtAttr(handle, attribute, SQLPOINTER(bitPattern: value), SQL_IS_UINTEGER)
    }

    /// Runs the text, walks all results and returns what they come to; the first error ends it.
    func run(
        _ text: String, _ parameters: [String], wantsRows: Bool
    ) throws(TargetFailure) -> ODBCResults {
        let bound = ODBCParameters(parameters, isWide: isWide)
        try bind(bound)
        let code: SQLRETURN
        if isWide {
            var units = Array(text.utf16)
            code = SQLExecDirectW(handle, &units, SQLINTEGER(units.count))
        } else {
            var bytes = Array(text.utf8)
            code = SQLExecDirect(handle, &bytes, SQLINTEGER(bytes.count))
        }
        withExtendedLifetime(bound) {}
        return try collect(code, wantsRows: wantsRows)
    }

    private func bind(_ parameters: ODBCParameters) throws(TargetFailure) {
        let type = connection.dialect.hasNationalParameters ? SQL_WVARCHAR : SQL_VARCHAR
        for index in 0..<parameters.count {
            let byteCount = parameters.byteCount(index)
            let code = SQLBindParameter(
                handle, SQLUSMALLINT(index + 1), SQLSMALLINT(SQL_PARAM_INPUT), textType,
                SQLSMALLINT(type), SQLULEN(max(1, byteCount.pointee / unitByteCount)), 0,
                parameters.bytes(index), byteCount.pointee, byteCount)
            guard isSuccess(code) else { throw failure() }
        }
    }

    private var textType: SQLSMALLINT { SQLSMALLINT(isWide ? SQL_C_WCHAR : SQL_C_CHAR) }
    private var unitByteCount: Int { isWide ? 2 : 1 }

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
        var kept = KeptRows()
        defer { if wantsRows { results.rows = kept.rows } }
        // Fetched to the end in any case: an error can wait behind the last row.
        while true {
            let code = SQLFetch(handle)
            if code == SQL_NO_DATA { return }
            guard isSuccess(code), connection.watch.interruption == .none else { throw failure() }
            if wantsRows { try keep(Int(columnCount), in: &kept) }
        }
    }

    private func keep(_ columnCount: Int, in rows: inout KeptRows) throws(TargetFailure) {
        try rows.append(try row(columnCount))
    }

    private func row(_ columnCount: Int) throws(TargetFailure) -> [String?] {
        var row: [String?] = []
        row.reserveCapacity(columnCount)
        for column in 1...columnCount { row.append(try value(column)) }
        return row
    }

    /// One value, in pieces where it is long.
    private func value(_ column: Int) throws(TargetFailure) -> String? {
        var bytes: [UInt8] = []
        while true {
            var length: SQLLEN = 0
            let code = SQLGetData(
                handle, SQLUSMALLINT(column), textType, connection.piece,
                SQLLEN(Self.pieceByteCount), &length)
            if code == SQL_NO_DATA { return text(bytes.span.bytes) }
            guard isSuccess(code) else { throw failure() }
            if length == SQLLEN(SQL_NULL_DATA) { return nil }
            // A piece that is not the last ends with a unit of zero.
            let pieceByteCountMax = Self.pieceByteCount - unitByteCount
            let isLast = length >= 0 && length <= pieceByteCountMax
            let piece = UnsafeRawBufferPointer(
                start: connection.piece, count: isLast ? Int(length) : pieceByteCountMax)
            if isLast, bytes.isEmpty { return text(piece.bytes) }
            bytes += piece
            guard bytes.count <= AnswerLimits.rowByteCountMax else { throw .answerTooLong }
            if isLast { return text(bytes.span.bytes) }
        }
    }

    private func text(_ bytes: RawSpan) -> String {
        bytes.withUnsafeBytes { bytes in
            guard isWide else { return String(decoding: bytes, as: UTF8.self) }
            let units = (0..<bytes.count / 2).lazy.map { index in
                bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)
            }
            return String(decoding: units, as: UTF16.self)
        }
    }

    static func allocatePiece() -> UnsafeMutableRawPointer {
        .allocate(byteCount: pieceByteCount, alignment: 2)
    }

    private func failure() -> TargetFailure { connection.failure(SQL_HANDLE_STMT, handle) }
}

/// Texts in memory that stays where it is while a statement runs.
private final class ODBCParameters {
    private let texts: [UnsafeMutableRawBufferPointer]
    private let byteCounts: UnsafeMutablePointer<SQLLEN>

    init(_ parameters: [String], isWide: Bool) {
        texts = parameters.map { text in
            let bytes =
                isWide
                ? text.utf16.flatMap { withUnsafeBytes(of: $0, Array.init) } : Array(text.utf8)
            // Some drivers look for an end although they are given the length.
            let buffer = UnsafeMutableRawBufferPointer.allocate(
                byteCount: bytes.count + 2, alignment: 2)
            buffer.copyBytes(from: bytes + [0, 0])
            return buffer
        }
        byteCounts = .allocate(capacity: parameters.count + 1)
        byteCounts.initialize(repeating: 0, count: parameters.count + 1)
        for index in texts.indices { byteCounts[index] = texts[index].count - 2 }
    }

    deinit {
        for text in texts { text.deallocate() }
        byteCounts.deallocate()
    }

    var count: Int { texts.count }

    func bytes(_ index: Int) -> UnsafeMutableRawPointer? { texts[index].baseAddress }

    func byteCount(_ index: Int) -> UnsafeMutablePointer<SQLLEN> { byteCounts + index }
}
