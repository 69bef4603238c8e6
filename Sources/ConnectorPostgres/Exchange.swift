internal import CLibPQ
internal import Connector
internal import SegmentModel

/// Statements and their results over one connection; every result of a statement is consumed, and
/// the first error wins.
struct PostgresExchange {
    private let connection: PostgresConnection
    private var handle: OpaquePointer { connection.handle }

    init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    // MARK: The operator's SQL

    /// Runs SQL of the operator by the simple protocol and returns the rows it wrote.
    ///
    /// - Throws: also if the transaction it ran in, or ran outside of, is not as it was, and if the
    ///   server reads SQL by other rules than before.
    func execute(_ sql: [UInt8]) throws(TargetFailure) -> Int {
        try runOperators(sql).rowCount
    }

    /// Runs SQL of the operator and returns the rows of its last result.
    func query(_ sql: [UInt8]) throws(TargetFailure) -> [[String?]] {
        try runOperators(sql, wantsRows: true).rows
    }

    private func runOperators(
        _ sql: [UInt8], wantsRows: Bool = false
    ) throws(TargetFailure) -> PostgresResults {
        guard !sql.hasZeroByte else { throw PostgresFailures.zeroByte }
        // A trigger may have changed one at the last commit.
        try connection.requireReportedSettings()
        let before = connection.transactionStatus
        let results: PostgresResults
        do throws(TargetFailure) {
            results = try send(sql, isCancellable: true, wantsRows: wantsRows)
        } catch {
            let hasEnded = before == PQTRANS_INTRANS && connection.transactionStatus == PQTRANS_IDLE
            throw hasEnded ? PostgresFailures.transactionControl : error
        }
        let isInPlace = connection.transactionStatus == before
        guard isInPlace, !results.tags.contains(where: PostgresDialect.controlsTransaction) else {
            throw PostgresFailures.transactionControl
        }
        // A function or a DO block can do what the check of the template refuses.
        try connection.requireReportedSettings()
        return results
    }

    // MARK: Segledger's own SQL

    @discardableResult
    func run(_ sql: String, isCancellable: Bool = true) throws(TargetFailure) -> PostgresResults {
        try send(Array(sql.utf8), isCancellable: isCancellable, wantsRows: true)
    }

    func run(_ sql: String, _ parameters: [String]) throws(TargetFailure) -> PostgresResults {
        try connection.startStatement(isCancellable: true)
        let values = CStringArray(parameters)
        let isSent = withExtendedLifetime(values) {
            PQsendQueryParams(
                handle, sql, CInt(parameters.count), nil, values.pointer, nil, nil, 0) == 1
        }
        guard isSent else { throw connection.sendFailure() }
        try connection.flush()
        return try collect(wantsRows: true)
    }

    func begin() throws(TargetFailure) { try run(connection.watch.beginning) }

    /// Compares the settings and commits, in one text.
    func commit() throws(TargetFailure) {
        let comparison =
            connection.comparisonName.map { "EXECUTE \($0)" } ?? connection.watch.comparison
        let results: PostgresResults
        do throws(TargetFailure) {
            results = try send(
                Array("\(comparison); COMMIT".utf8), isCancellable: false, wantsRows: false,
                comparing: connection.watch)
        } catch {
            var failure = error
            if failure.targetCode == PostgresFailures.preparedMissing {
                connection.noticePooler()
                failure = PostgresFailures.pooled
            }
            failure.isOutcomeUnknown = failure.isConnectionLost && !failure.targetCode.isEmpty
            throw failure
        }
        // COMMIT of a failed transaction succeeds, with another tag.
        if results.tags.last != "COMMIT" { throw PostgresFailures.commitRolledBack }
    }

    func rollback() throws(TargetFailure) {
        try connection.dropAhead()
        if connection.transactionStatus == PQTRANS_IDLE { return }
        try run("ROLLBACK", isCancellable: false)
    }

    // MARK: Sending and collecting

    /// - Parameter watch: whose comparison is the text's first statement.
    private func send(
        _ sql: [UInt8], isCancellable: Bool, wantsRows: Bool,
        comparing watch: PostgresSessionWatch? = nil
    ) throws(TargetFailure) -> PostgresResults {
        try connection.startStatement(isCancellable: isCancellable)
        let isSent = (sql + [0]).withUnsafeBytes { bytes in
            PQsendQuery(handle, bytes.baseAddress!.assumingMemoryBound(to: CChar.self)) == 1
        }
        guard isSent else { throw connection.sendFailure() }
        try connection.flush()
        return try collect(wantsRows: wantsRows, comparing: watch)
    }

    private func collect(
        wantsRows: Bool, comparing watch: PostgresSessionWatch? = nil
    ) throws(TargetFailure) -> PostgresResults {
        connection.takeRowsOneByOne()
        var results = PostgresResults()
        while let result = try connection.nextResult() {
            defer { PQclear(result) }
            do throws(TargetFailure) {
                try results.add(result, wantsRows: wantsRows, comparing: watch)
            } catch {
                throw connection.giveUp(error)
            }
            // A COPY waits for a stream and would never end.
            if results.isCopy { break }
        }
        if let failure = results.failure { throw connection.completed(failure) }
        return results
    }
}
