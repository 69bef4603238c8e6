internal import CMariaDB
internal import Connector
internal import SQLTemplate
internal import SegmentModel

/// Statements and their results over one connection; every result of a query is consumed.
struct MySQLExchange {
    private let connection: MySQLConnection
    private var handle: UnsafeMutablePointer<MYSQL> { connection.handle }

    init(_ connection: MySQLConnection) {
        self.connection = connection
    }

    // MARK: The operator's SQL

    /// Runs SQL of the operator and returns the rows it wrote.
    ///
    /// - Throws: also if the transaction it ran in, or ran outside of, is not as it was.
    func execute(_ sql: [UInt8]) throws(TargetFailure) -> Int {
        try runOperators(sql, wantsRows: false).rowCount
    }

    /// Runs SQL of the operator and returns the rows of its last result.
    func query(_ sql: [UInt8]) throws(TargetFailure) -> [[String?]] {
        try runOperators(sql, wantsRows: true).rows
    }

    /// Runs a query with its values beside it, row by row in one packet.
    func execute(_ query: BoundQuery) throws(TargetFailure) -> Int {
        guard query.byteCountOnWire < connection.queryByteCountMax else {
            throw MySQLFailures.unbindable
        }
        return try runOperators(wantsRows: false) { (results) throws(TargetFailure) in
            try connection.startStatement(isCancellable: true)
            results.add(rowCount: try connection.bulkStatement(query.shape).run(query))
            results.add(
                isInTransaction: connection.isServerInTransaction,
                isCommittingEach: connection.isServerCommittingEach)
        }.rowCount
    }

    /// The settings are compared in front of each statement behind which something ran.
    private func runOperators(
        _ sql: [UInt8], wantsRows: Bool
    ) throws(TargetFailure) -> MySQLResults {
        let texts = MySQLStatements.parts(of: sql, connection.dialect).enumerated().map {
            connection.comparing($0.element, isFirst: $0.offset == 0)
        }
        guard texts.allSatisfy({ $0.count < connection.queryByteCountMax }) else {
            throw MySQLFailures.tooLong(byteCountMax: connection.queryByteCountMax)
        }
        return try runOperators(wantsRows: wantsRows) { (results) throws(TargetFailure) in
            for text in texts {
                try send(text, isCancellable: true, into: &results)
                if results.warningCount > 0 { try refuseChangedValues() }
            }
        }
    }

    /// IGNORE, JSON_TABLE and routines with a mode of their own store what they could make of a
    /// value, and only warn of it: that is no value of the profile's (INV-7).
    private func refuseChangedValues() throws(TargetFailure) {
        for row in try runAsItIs(MySQLDialect.readWarnings).rows where row.count == 3 {
            guard row[0] == "Warning", let code = row[1].flatMap({ CUnsignedInt($0) }),
                let failure = MySQLFailures.changedValue(code: code, message: row[2] ?? "")
            else { continue }
            throw failure
        }
    }

    private func runOperators(
        wantsRows: Bool, _ body: (inout MySQLResults) throws(TargetFailure) -> Void
    ) throws(TargetFailure) -> MySQLResults {
        guard !connection.isLost else { throw MySQLFailures.closed }
        guard connection.transaction != .failed else { throw MySQLFailures.transactionFailed }
        let isInTransaction = connection.transaction == .open
        var results = MySQLResults(isInTransaction: isInTransaction, wantsRows: wantsRows)
        connection.isCompared = false
        do throws(TargetFailure) {
            try body(&results)
        } catch {
            if isInTransaction { connection.transaction = .failed }
            try requireSettings(after: error)
            guard results.isTransactionKept || error.isConnectionLost else {
                try leaveTransaction(isInTransaction)
                throw MySQLFailures.transactionControl
            }
            throw error
        }
        guard results.isTransactionKept else {
            try leaveTransaction(isInTransaction)
            throw MySQLFailures.transactionControl
        }
        return results
    }

    /// A function or a procedure can do what the check of the template refuses: then the session is
    /// given up.
    private func requireSettings(after failure: TargetFailure) throws(TargetFailure) {
        guard failure.targetCode == MySQLSessionWatch.code, !failure.isConnectionLost,
            let watch = connection.watch
        else { return }
        let changed = watch.changes(try runAsItIs(watch.valueQuestion).rows.first ?? [])
        guard changed.isEmpty else {
            throw connection.completed(.settingsChanged(changed))
        }
    }

    /// The query began or ended a transaction: what is left open of it must not be committed by
    /// whatever comes next.
    private func leaveTransaction(_ wasInTransaction: Bool) throws(TargetFailure) {
        if wasInTransaction { connection.transaction = .failed }
        try runAsItIs("ROLLBACK; SET SESSION autocommit = 1", isCancellable: false)
    }

    // MARK: Segledger's own SQL

    /// Runs a text, with the settings compared first where a query has run since.
    @discardableResult
    func run(_ sql: String) throws(TargetFailure) -> MySQLResults {
        guard !connection.isCompared, let watch = connection.watch else {
            return try runAsItIs(sql)
        }
        do throws(TargetFailure) {
            var results = try runAsItIs("\(watch.comparison); \(sql)")
            results.dropFirstStatement()
            connection.isCompared = true
            return results
        } catch {
            try requireSettings(after: error)
            throw error
        }
    }

    @discardableResult
    private func runAsItIs(
        _ sql: String, isCancellable: Bool = true
    ) throws(TargetFailure) -> MySQLResults {
        var results = MySQLResults(isInTransaction: false)
        try send(Array(sql.utf8), isCancellable: isCancellable, into: &results)
        return results
    }

    @discardableResult
    func run(_ statements: [String]) throws(TargetFailure) -> MySQLResults {
        try run(statements.joined(separator: "; "))
    }

    /// A statement on the cursor. As text, not prepared: servers limit how many prepared statements
    /// there are in all their sessions, down to none.
    @discardableResult
    func run(
        _ sql: String, _ parameters: [String]
    ) throws(TargetFailure) -> MySQLResults {
        do throws(TargetFailure) {
            return try run(connection.filled(sql, parameters))
        } catch {
            if connection.transaction == .open { connection.transaction = .failed }
            throw error
        }
    }

    func applySettings(_ configuration: MySQLConfiguration) throws(TargetFailure) {
        var current: [String: String] = [:]
        for row in try run(MySQLSessionWatch.question).rows where row.count == 2 {
            if let name = row[0] { current[name.lowercased()] = row[1] ?? "" }
        }
        var watch = MySQLSessionWatch(
            names: Set(current.keys), hasRoles: connection.hasRoles)
        let settings = MySQLDialect.settings(
            sqlMode: MySQLDialect.sqlMode(
                from: current["sql_mode"] ?? "", settings: configuration.sqlSettings),
            isMariaDB: connection.isMariaDB,
            statementTimeoutMilliseconds: configuration.statementTimeoutMilliseconds)
        let values = try run([settings, watch.valueQuestion]).rows.first ?? []
        guard watch.note(values), let sqlMode = watch.value("sql_mode") else {
            throw MySQLFailures.noSettings
        }
        if let fault = MySQLDialect.faultOfSQLMode(sqlMode, settings: configuration.sqlSettings) {
            throw MySQLFailures.wrongSettings(fault)
        }
        for (name, value, fault) in MySQLDialect.requiredValues
        where watch.value(name)?.lowercased() != value {
            throw MySQLFailures.wrongSettings(fault)
        }
        connection.watch = watch
        connection.queryByteCountMax = current["max_allowed_packet"].flatMap { Int($0) } ?? .max
    }

    // MARK: Transactions

    /// What is open by then, as a delivery that was begun ahead, is taken back: the server would
    /// commit it.
    func begin() throws(TargetFailure) {
        try rollback()
        try run(MySQLDialect.begin)
        (connection.transaction, connection.begun) = (.open, nil)
    }

    /// Begins a delivery's transaction; false: the lane's row is not as expected.
    func begin(_ beginning: MySQLBeginning) throws(TargetFailure) -> Bool {
        connection.transaction = .open
        do throws(TargetFailure) {
            return beginning.isHeld(
                after: try run(beginning.statements(on: connection, atOnce: false)))
        } catch {
            connection.transaction = .failed
            throw error
        }
    }

    /// Moves the row, where `beginning` only locked it, and commits.
    ///
    /// - Parameter next: begun too, if it need not wait; whether that was done.
    func commit(
        _ beginning: MySQLBeginning, thenBegin next: MySQLBeginning?
    ) throws(TargetFailure) -> Bool {
        let ending = beginning.endingStatements(on: connection)
        let following = next?.statements(on: connection, atOnce: true) ?? []
        let results = try endTransaction(ending, then: following)
        guard beginning.isMoved(after: results) else {
            var failure = MySQLFailures.cursorGone
            failure.isOutcomeUnknown = true
            throw failure
        }
        guard let next, connection.transaction == .open else { return false }
        return next.isHeld(after: results)
    }

    func commit() throws(TargetFailure) {
        _ = try endTransaction(MySQLDialect.commit(behind: []), then: [])
    }

    /// - Parameter following: run once the transaction is committed, which they do not change.
    private func endTransaction(
        _ statements: [String], then following: [String]
    ) throws(TargetFailure) -> MySQLResults {
        guard connection.transaction == .open else {
            try rollback()
            throw MySQLFailures.commitRolledBack
        }
        var results = MySQLResults(isInTransaction: true)
        let comparison = connection.isCompared ? nil : connection.watch?.comparison
        do throws(TargetFailure) {
            let sql = ([comparison].compactMap { $0 } + statements + following)
                .joined(separator: "; ")
            try send(Array(sql.utf8), isCancellable: false, into: &results)
            if comparison != nil { results.dropFirstStatement() }
        } catch {
            connection.transaction = .failed
            if comparison != nil {
                if results.writtenRowCounts.isEmpty { try requireSettings(after: error) }
                results.dropFirstStatement()
            }
            // Committed. A beginning that failed is made again by the delivery that follows.
            if results.writtenRowCounts.count >= statements.count { return results }
            if error.targetCode == String(MySQLDialect.savepointMissing) {
                throw MySQLFailures.transactionControl
            }
            // Also where the server answered: what a timeout or a full disk in the middle of COMMIT
            // leaves behind is for the cursor to say.
            var failure = error
            failure.isOutcomeUnknown = failure.class == .transient
            throw failure
        }
        connection.transaction = connection.isServerInTransaction ? .open : .none
        connection.isCompared = true
        return results
    }

    /// Takes back what failed since the savepoint: the transaction goes on.
    ///
    /// - Throws: also where the server has ended the transaction, as after a deadlock.
    func undoToSavepoint(_ name: String) throws(TargetFailure) {
        try runAsItIs("ROLLBACK TO SAVEPOINT \(name)")
        connection.transaction = .open
    }

    func rollback() throws(TargetFailure) {
        if connection.transaction == .none && !connection.isServerInTransaction { return }
        try runAsItIs("ROLLBACK", isCancellable: false)
        (connection.transaction, connection.begun) = (.none, nil)
    }

    // MARK: Sending and collecting

    private func send(
        _ sql: [UInt8], isCancellable: Bool, into results: inout MySQLResults
    ) throws(TargetFailure) {
        try connection.startStatement(isCancellable: isCancellable)
        var status: CInt = 0
        try sql.withUnsafeBufferPointer { (bytes) throws(TargetFailure) in
            let text = UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
            try connection.complete(
                mysql_real_query_start(&status, handle, text, CUnsignedLong(bytes.count))
            ) { mysql_real_query_cont(&status, handle, $0) }
        }
        while true {
            guard status == 0 else { throw failure() }
            try collect(into: &results)
            guard mysql_more_results(handle) != 0 else { return }
            try connection.complete(mysql_next_result_start(&status, handle)) {
                mysql_next_result_cont(&status, handle, $0)
            }
        }
    }

    /// The result of one statement: rows, or how many it wrote.
    private func collect(into results: inout MySQLResults) throws(TargetFailure) {
        results.warningCount = 0
        if mysql_field_count(handle) == 0 {
            results.add(rowCount: mysql_affected_rows(handle))
            results.warningCount = Int(mysql_warning_count(handle))
        } else {
            try collectRows(into: &results)
        }
        results.add(
            isInTransaction: connection.isServerInTransaction,
            isCommittingEach: connection.isServerCommittingEach)
    }

    /// Row by row: what is not wanted is thrown away as it comes.
    private func collectRows(into results: inout MySQLResults) throws(TargetFailure) {
        guard let answer = mysql_use_result(handle) else { throw failure() }
        results.beginRows()
        // Reads what is left of it, which after a failure is nothing: the socket is shut.
        defer { mysql_free_result(answer) }
        do throws(TargetFailure) {
            while true {
                var row: MYSQL_ROW?
                try connection.complete(
                    mysql_fetch_row_start(&row, answer),
                    readingAtMost: AnswerLimits.rowByteCountMax
                ) { mysql_fetch_row_cont(&row, answer, $0) }
                guard let row, let lengths = mysql_fetch_lengths(answer) else { break }
                try results.add(row, lengths: lengths, columnCount: Int(mysql_num_fields(answer)))
            }
        } catch {
            throw connection.giveUp(error)
        }
        if mysql_errno(handle) != 0 { throw failure() }
    }

    private func failure() -> TargetFailure {
        connection.completed(MySQLFailures.failure(of: handle))
    }
}
