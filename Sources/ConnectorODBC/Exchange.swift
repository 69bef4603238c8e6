internal import CODBC
internal import Connector
internal import SQLTemplate
internal import SegmentModel

/// Statements and transactions over one connection.
struct ODBCExchange {
    private let connection: ODBCConnection
    private var dialect: ODBCDialect { connection.dialect }

    init(_ connection: ODBCConnection) {
        self.connection = connection
    }

    // MARK: The operator's SQL

    /// Runs SQL of the operator and returns the rows it wrote.
    ///
    /// - Throws: also if the transaction it ran in, or ran outside of, is not as it was.
    func execute(_ sql: [UInt8]) throws(TargetFailure) -> Int {
        try runOperators(sql, wantsRows: false).rowCount
    }

    /// Runs SQL of the operator; where it fails, the transaction is as it was before, if the
    /// dialect has savepoints.
    func executeOrUndo(_ sql: [UInt8]) throws(TargetFailure) -> Int {
        guard let savepoint = dialect.savepoint else { return try execute(sql) }
        _ = try runAll([savepoint.set])
        do throws(TargetFailure) {
            return try execute(sql)
        } catch {
            guard connection.transaction == .failed, !error.isConnectionLost else { throw error }
            _ = try runAll([savepoint.undo])
            connection.transaction = .open
            throw error
        }
    }

    /// Runs SQL of the operator and returns the rows of its last result.
    func query(_ sql: [UInt8]) throws(TargetFailure) -> [[String?]] {
        try runOperators(sql, wantsRows: true).rows
    }

    private func runOperators(
        _ sql: [UInt8], wantsRows: Bool
    ) throws(TargetFailure) -> ODBCResults {
        guard connection.transaction == .none || connection.transaction == .open else {
            throw ODBCFailures.transactionFailed
        }
        let isInTransaction = connection.transaction == .open
        if !isInTransaction { try connection.setCommittingEach(true) }
        var results = ODBCResults()
        do throws(TargetFailure) {
            for statement in try cut(sql) {
                let part = try connection.run(statement, wantsRows: wantsRows)
                results.rowCount += part.rowCount
                results.rows = part.rows
            }
        } catch {
            guard isInTransaction else { throw error }
            connection.transaction = .failed
            let canAsk =
                dialect.keepsTransactionOnError && error.class != .transient
                && !error.isConnectionLost
            if canAsk, try !isTransactionKept() {
                connection.transaction = .ended
                throw ODBCFailures.transactionControl
            }
            throw error
        }
        if isInTransaction {
            guard try isTransactionKept() else {
                connection.transaction = .ended
                throw ODBCFailures.transactionControl
            }
        } else {
            try requireNoTransaction()
        }
        return results
    }

    /// The texts of the calls that the SQL takes.
    private func cut(_ sql: [UInt8]) throws(TargetFailure) -> [String] {
        guard !sql.hasZeroByte else { throw ODBCFailures.zeroByte }
        let ranges = dialect.splitRules?.statements(in: sql) ?? [0..<sql.count]
        var calls: [String] = []
        for range in ranges {
            // What is no UTF-8 would arrive as something else.
            guard let text = String(validating: sql[range], as: UTF8.self) else {
                throw ODBCFailures.noText
            }
            calls.append(text)
        }
        return calls
    }

    /// Whether the transaction is still the one that `begin` began.
    private func isTransactionKept() throws(TargetFailure) -> Bool {
        let row: [String?]
        do throws(TargetFailure) {
            row = try runAll(dialect.transactionCheck)
        } catch {
            if error.class == .permanent, !error.isConnectionLost { return false }
            throw error
        }
        guard row.dropLast(dialect.watched.count) == connection.transactionToken[...] else {
            return false
        }
        try requireSettings(row)
        return true
    }

    /// - Parameter row: ends with what the settings are.
    private func requireSettings(_ row: [String?]) throws(TargetFailure) {
        let now = Array(row.suffix(dialect.watched.count))
        guard let before = connection.settings else { return connection.settings = now }
        let changed = zip(dialect.watched, zip(before, now)).compactMap { setting, values in
            values.0 == values.1 ? nil : setting
        }
        guard changed.isEmpty else {
            throw connection.completed(.settingsChanged(changed), .none)
        }
    }

    /// A query that ran outside of a transaction must not leave one open, which whatever comes next
    /// would commit.
    private func requireNoTransaction() throws(TargetFailure) {
        guard let question = dialect.openTransactionCount else { return }
        guard try runAll([question]) != ["0"] else { return }
        _ = try runAll(["ROLLBACK"])
        throw ODBCFailures.transactionControl
    }

    // MARK: Segledger's own SQL

    /// Runs texts one by one; the last one's first row.
    private func runAll(_ texts: [String]) throws(TargetFailure) -> [String?] {
        var row: [String?] = []
        for text in texts {
            row =
                try connection.run(
                    text, wantsRows: true, isCancellable: false
                ).rows.first ?? []
        }
        return row
    }

    /// A statement on the cursor; outside of a transaction it commits by itself.
    @discardableResult
    func run(
        _ sql: String, _ parameters: [String] = []
    ) throws(TargetFailure) -> ODBCResults {
        guard connection.transaction == .none || connection.transaction == .open else {
            throw ODBCFailures.transactionFailed
        }
        if connection.transaction == .none { try connection.setCommittingEach(true) }
        do throws(TargetFailure) {
            return try connection.run(sql, parameters, wantsRows: true)
        } catch {
            if connection.transaction == .open { connection.transaction = .failed }
            throw error
        }
    }

    func applySettings() throws(TargetFailure) {
        let configuration = connection.configuration
        let settings = dialect.settings(
            configuration.sqlSettings, configuration.statementTimeoutMilliseconds)
        do throws(TargetFailure) {
            _ = try runAll(settings)
        } catch {
            var failure = error
            failure.isConnectionLost = true
            throw failure
        }
    }

    func createCursorTable() throws(TargetFailure) {
        try dialect.cursor.migrations.apply { () throws(TargetFailure) in
            try run(dialect.cursor.columns).rows.compactMap { $0.first??.lowercased() }
        } run: { (sql) throws(TargetFailure) in
            _ = try execute(Array(sql.utf8))
        }
    }

    // MARK: Transactions

    func begin() throws(TargetFailure) {
        try rollback()
        try connection.setCommittingEach(false)
        connection.transaction = .open
        do throws(TargetFailure) {
            let row = try runAll(dialect.transactionBegin)
            connection.transactionToken = Array(row.dropLast(dialect.watched.count))
            try requireSettings(row)
        } catch {
            connection.transaction = .failed
            throw error
        }
    }

    func commit() throws(TargetFailure) {
        guard connection.transaction == .open else {
            try rollback()
            throw ODBCFailures.commitRolledBack
        }
        do throws(TargetFailure) {
            try connection.endTransaction(SQL_COMMIT)
        } catch {
            connection.transaction = .failed
            // Also where the server answered: what a timeout in the middle of COMMIT leaves behind
            // is for the cursor to say.
            var failure = error
            failure.isOutcomeUnknown = failure.class == .transient
            throw failure
        }
        connection.transaction = .none
    }

    func rollback() throws(TargetFailure) {
        if connection.transaction == .none { return }
        do throws(TargetFailure) {
            try connection.endTransaction(SQL_ROLLBACK)
        } catch {
            // Some drivers cannot roll back what a query has ended already.
            guard connection.transaction == .ended, error.class == .permanent else { throw error }
        }
        connection.transaction = .none
    }
}
