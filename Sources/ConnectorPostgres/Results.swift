internal import CLibPQ
internal import Connector

/// What the results of one SQL text come to.
struct PostgresResults {
    /// Rows that were written, over all statements.
    private(set) var rowCount = 0
    private var kept = KeptRows()
    /// Rows came, and their statement has not ended.
    private var isInRows = false
    /// Of the last statement that returned rows.
    var rows: [[String?]] { kept.rows }
    /// Command tags without their numbers, for example `INSERT`.
    private(set) var tags: [String] = []
    /// The first error.
    private(set) var failure: TargetFailure?
    private(set) var isCopy = false

    /// - Parameter watch: whose comparison is the first statement.
    /// - Throws: more rows than are kept; the rest of the answer is not read.
    mutating func add(
        _ result: OpaquePointer, wantsRows: Bool, comparing watch: PostgresSessionWatch? = nil
    ) throws(TargetFailure) {
        switch PQresultStatus(result) {
        case PGRES_SINGLE_TUPLE: if wantsRows { try addRows(result) }
        case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            addTag(result)
        case PGRES_TUPLES_OK:
            addTag(result)
            if wantsRows { try addRows(result) }
            isInRows = false
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
            isCopy = true
            failure = failure ?? PostgresFailures.copy
        default:
            let changed = tags.isEmpty ? watch.flatMap { $0.failure(of: result) } : nil
            failure = failure ?? changed ?? PostgresFailures.failure(result: result)
        }
    }

    private mutating func addTag(_ result: OpaquePointer) {
        let status = String(cString: PQcmdStatus(result))
        let tag = status.split(separator: " ").filter { Int($0) == nil }.joined(separator: " ")
        tags.append(tag)
        if PostgresDialect.writesRows(commandTag: tag) {
            rowCount += Int(String(cString: PQcmdTuples(result))) ?? 0
        }
    }

    private mutating func addRows(_ result: OpaquePointer) throws(TargetFailure) {
        if !isInRows { kept.removeAll() }
        isInRows = true
        for row in 0..<PQntuples(result) {
            try kept.append(
                (0..<PQnfields(result)).map { column in
                    guard PQgetisnull(result, row, column) == 0 else { return nil }
                    return PQgetvalue(result, row, column).map { String(cString: $0) }
                })
        }
    }
}
