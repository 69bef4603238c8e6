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
        guard connection.readsAsStated else { throw PostgresFailures.settingChanged }
        return results
    }

    // MARK: Segledger's own SQL

    @discardableResult
    func run(_ sql: String, isCancellable: Bool = true) throws(TargetFailure) -> PostgresResults {
        try send(Array(sql.utf8), isCancellable: isCancellable, wantsRows: true)
    }

    func run(_ sql: String, _ parameters: [String]) throws(TargetFailure) -> PostgresResults {
        try connection.startStatement(isCancellable: true)
        try sendParameters(sql, parameters)
        try connection.flush()
        return try collect(wantsRows: true)
    }

    func commit() throws(TargetFailure) {
        let results: PostgresResults
        do throws(TargetFailure) {
            results = try run("COMMIT", isCancellable: false)
        } catch {
            var failure = error
            failure.isOutcomeUnknown = failure.isConnectionLost
            throw failure
        }
        // COMMIT of a failed transaction succeeds, with this tag.
        if results.tags != ["COMMIT"] { throw PostgresFailures.commitRolledBack }
    }

    /// Commits, and begins and moves the cursor once more in the same round trip; false: that was
    /// not done, because the row is not as expected or another holds it.
    func commitAndBegin(
        _ lane: LaneKey, _ move: TargetDelivery.Move
    ) throws(TargetFailure) -> Bool {
        let (results, isSynced) = try runPipeline(
            [
                ("COMMIT", []), ("BEGIN", []),
                (
                    PostgresDialect.advanceAtOnce,
                    CursorSQL.advanceParameters(lane, from: move.expected, to: move.next)
                ),
            ], isCancellable: false)
        if results.tags.first == "COMMIT" {
            if let failure = results.failure { _ = connection.completed(failure) }
            return isSynced && results.failure == nil && results.rowCount == 1
        }
        if !results.tags.isEmpty { throw PostgresFailures.commitRolledBack }
        guard let failure = results.failure.map(connection.completed) else {
            throw connection.sendFailure()
        }
        var unknown = failure
        unknown.isOutcomeUnknown = failure.isConnectionLost
        throw unknown
    }

    func rollback() throws(TargetFailure) {
        connection.begun = nil
        if connection.transactionStatus == PQTRANS_IDLE { return }
        try run("ROLLBACK", isCancellable: false)
    }

    /// BEGIN and the cursor's move in one round trip; false: the row is not `expected`. The
    /// transaction stays open in both cases.
    func beginAndAdvance(
        _ lane: LaneKey, _ move: TargetDelivery.Move
    ) throws(TargetFailure) -> Bool {
        let (results, isSynced) = try runPipeline(
            [
                ("BEGIN", []),
                (
                    PostgresDialect.cursor.advance,
                    CursorSQL.advanceParameters(lane, from: move.expected, to: move.next)
                ),
            ], isCancellable: true)
        if let failure = results.failure { throw connection.completed(failure) }
        if !isSynced { throw connection.sendFailure() }
        return results.rowCount == 1
    }

    // MARK: Sending and collecting

    private func send(
        _ sql: [UInt8], isCancellable: Bool, wantsRows: Bool
    ) throws(TargetFailure) -> PostgresResults {
        try connection.startStatement(isCancellable: isCancellable)
        let isSent = (sql + [0]).withUnsafeBytes { bytes in
            PQsendQuery(handle, bytes.baseAddress!.assumingMemoryBound(to: CChar.self)) == 1
        }
        guard isSent else { throw connection.sendFailure() }
        try connection.flush()
        return try collect(wantsRows: wantsRows)
    }

    private func sendParameters(
        _ sql: String, _ parameters: [String]
    ) throws(TargetFailure) {
        let values = CStringArray(parameters)
        let isSent = withExtendedLifetime(values) {
            PQsendQueryParams(
                handle, sql, CInt(parameters.count), nil, values.pointer, nil, nil, 0) == 1
        }
        guard isSent else { throw connection.sendFailure() }
    }

    private func collect(wantsRows: Bool) throws(TargetFailure) -> PostgresResults {
        var results = PostgresResults()
        while let result = try connection.nextResult() {
            defer { PQclear(result) }
            results.add(result, wantsRows: wantsRows)
            // A COPY waits for a stream and would never end.
            if results.isCopy { break }
        }
        if let failure = results.failure { throw connection.completed(failure) }
        return results
    }

    /// Statements with their parameters in one round trip; the first that fails is the last.
    private func runPipeline(
        _ statements: [(sql: String, parameters: [String])], isCancellable: Bool
    ) throws(TargetFailure) -> (PostgresResults, isSynced: Bool) {
        try connection.startStatement(isCancellable: isCancellable)
        guard PQenterPipelineMode(handle) == 1 else { throw connection.sendFailure() }
        for (sql, parameters) in statements { try sendParameters(sql, parameters) }
        guard PQpipelineSync(handle) == 1 else { throw connection.sendFailure() }
        try connection.flush()
        return try collectPipeline()
    }

    /// What a pipeline comes to, and whether all of it came; the mode is left then.
    private func collectPipeline() throws(TargetFailure) -> (PostgresResults, isSynced: Bool) {
        var results = PostgresResults()
        var isSynced = false
        while !isSynced {
            guard let result = try connection.nextResult() else {
                // Between two statements; without a connection no end of the pipeline comes.
                if PQstatus(handle) == CONNECTION_BAD { break }
                continue
            }
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_PIPELINE_SYNC: isSynced = true
            case PGRES_PIPELINE_ABORTED: break
            default: results.add(result, wantsRows: false)
            }
        }
        if isSynced, PQexitPipelineMode(handle) != 1 { throw connection.sendFailure() }
        return (results, isSynced)
    }
}
