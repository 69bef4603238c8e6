internal import Connector
internal import SQLTemplate
internal import SegmentModel

/// A session over ClickHouse's HTTP interface. The server keeps nothing between two requests but
/// the connection; what a session holds is its client, with a pool of one connection.
final class ClickHouseConnection: TargetSession {
    private static let claimTryCountMax = 8

    let exchange: ClickHouseExchange
    private let book: CursorBook
    private let turns = DeliveryTurns()

    private init(_ exchange: ClickHouseExchange, _ book: CursorBook) {
        self.exchange = exchange
        self.book = book
    }

    static func open(
        _ configuration: ClickHouseConfiguration, _ book: CursorBook
    ) async throws -> ClickHouseConnection {
        let exchange = ClickHouseExchange(configuration)
        do {
            try exchange.beginCall()
            try await exchange.connect()
        } catch {
            _ = await exchange.close()
            throw error
        }
        return ClickHouseConnection(exchange, book)
    }

    func cancel() { exchange.cancel() }

    func close() async {
        // Apart from the caller's task, which may be cancelled.
        await Task {
            do {
                try exchange.beginCall()
                try await flush()
            } catch {
                // A row that is behind is all that this leaves; the next worker goes on from it.
            }
            _ = await exchange.close()
        }.value
    }

    // MARK: Statements

    func begin() async throws { try exchange.beginCall() }

    func commit() async throws { try exchange.beginCall() }

    func rollback() async throws { try exchange.beginCall() }

    func execute(_ sql: [UInt8]) async throws -> Int {
        try exchange.beginCall()
        var doneCount = 0
        return try await run(try requests(sql, deliveryID: nil), &doneCount)
    }

    /// Nothing is taken back here.
    var undoesQueries: Bool { false }

    func executeOrUndo(_ sql: [UInt8]) async throws -> Int { try await execute(sql) }

    /// The rows that a query wrote, over its statements, one after the other.
    private func run(
        _ requests: [ClickHouseRequest], _ doneCount: inout Int
    ) async throws(TargetFailure) -> Int {
        var rowCount = 0
        for request in requests {
            let answer = try await exchange.run(request)
            doneCount += 1
            rowCount += answer.writtenRowCount ?? 0
        }
        return rowCount
    }

    /// The statements of a query; the blocks of a delivery are named in turn from `number` on.
    private func requests(
        _ sql: [UInt8], deliveryID: String?, from number: Int = 1
    ) throws(TargetFailure) -> [ClickHouseRequest] {
        let statements = StatementScanner.statements(of: sql)
        for statement in statements {
            if let refusal = ClickHouseDialect.refusal(of: statement) { throw refusal }
        }
        var requests: [ClickHouseRequest] = []
        for (index, statement) in statements.enumerated() {
            let token = deliveryID.map { "\($0)-\(number + index)" }
            requests.append(exchange.request(sql[statement.range], statement, token: token))
        }
        return requests
    }

    /// - Returns: the rows of the last statement.
    func query(_ sql: [UInt8]) async throws -> [[String?]] {
        try exchange.beginCall()
        let statements = StatementScanner.statements(of: sql)
        for statement in statements {
            if let refusal = ClickHouseDialect.refusal(of: statement) { throw refusal }
        }
        var rows: [[String?]] = []
        for statement in statements {
            rows = try await self.rows(sql[statement.range], statement)
        }
        return rows
    }

    private func rows(
        _ sql: ArraySlice<UInt8>, _ statement: ClickHouseStatement
    ) async throws(TargetFailure) -> [[String?]] {
        let answer = try await exchange.run(sql, statement)
        if let format = answer.format, format != "TabSeparated", !answer.body.isEmpty {
            throw ClickHouseFailures.otherFormat
        }
        return try ClickHouseResults.rows(answer.body)
    }

    /// The rows of a question of our own.
    func ask(_ sql: String) async throws(TargetFailure) -> [[String?]] {
        try ClickHouseResults.rows(await exchange.run(sql).body)
    }

    // MARK: The cursor's table

    /// The right to create is asked for only where the table is missing.
    func openCursors() async throws -> CursorSupport {
        try exchange.beginCall()
        do throws(TargetFailure) {
            if try await ask(ClickHouseDialect.hasCursorTable).first?.first != "1" {
                for sql in ClickHouseDialect.cursorMigrations.creation {
                    _ = try await exchange.run(sql)
                }
            }
            try await addColumns()
            _ = try await exchange.run(ClickHouseDialect.tryCursorTable)
            return .fenceOnly
        } catch {
            if error.isRightMissing { return .refused(error) }
            throw error
        }
    }

    /// To a table of an earlier form.
    private func addColumns() async throws(TargetFailure) {
        func columns() async throws(TargetFailure) -> [String?] {
            try await ask(ClickHouseDialect.cursorColumns).map { $0.first ?? nil }
        }
        let found = try await columns()
        for addition in ClickHouseDialect.cursorMigrations.additions
        where !found.contains(addition.column) {
            do throws(TargetFailure) {
                _ = try await exchange.run(addition.sql)
            } catch {
                // Two sessions can do it at once.
                let isLost = error.isConnectionLost
                guard !isLost, try await columns().contains(addition.column) else {
                    throw CursorMigrations.told(error, addition.sql)
                }
            }
        }
    }

    func readCursors(
        of integration: String, after segment: SegmentID?
    ) async throws -> [SegmentCursor] {
        try exchange.beginCall()
        try await flush()
        let rows = try await ask(ClickHouseDialect.readPage(integration, after: segment))
        return try CursorSQL.cursors(fromPage: rows, after: segment)
    }

    func readCursor(_ lane: LaneKey) async throws -> TargetCursor? {
        try exchange.beginCall()
        try await flush()
        return try await read(lane)?.cursor
    }

    private func read(_ lane: LaneKey) async throws(TargetFailure) -> CursorRow? {
        let time = ContinuousClock.now
        guard let fields = try await ask(ClickHouseDialect.read(lane)).first else {
            book.forget(lane)
            return nil
        }
        let row = try ClickHouseDialect.row(fields)
        book.confirm(lane, row, at: time)
        return row
    }

    private func append(_ lane: LaneKey, _ row: CursorRow) async throws(TargetFailure) {
        _ = try await exchange.run(ClickHouseDialect.append([(lane, row)]))
        book.wrote(lane, row)
    }

    /// Appends a row one epoch higher, and looks whether another worker did the same at the same
    /// time. Of two such at least one sees the other, and goes on to an epoch that nobody else will
    /// guess.
    func claimCursor(
        _ lane: LaneKey, initial: TargetCursor
    ) async throws -> TargetCursor {
        try exchange.beginCall()
        try await flush()
        var generator = SystemRandomNumberGenerator()
        for tryCount in 0..<Self.claimTryCountMax {
            let found = try await read(lane)
            let claim = String(generator.next(), radix: 36)
            var row = CursorRow(
                cursor: found?.cursor ?? initial, serial: (found?.serial ?? 0) + 1, claim: claim)
            row.cursor.epoch +=
                tryCount == 0 ? 1 : Int64.random(in: 1...1_000_000, using: &generator)
            try await append(lane, row)
            let others = ClickHouseDialect.otherClaims(
                lane, epoch: row.cursor.epoch, claim: claim)
            if try await ask(others).first?.first == "0" { return row.cursor }
        }
        throw ClickHouseFailures.claimContended
    }

    /// Not atomic: the fence is the epoch, and an epoch has one worker.
    func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) async throws -> Bool {
        try exchange.beginCall()
        try await flush()
        guard var row = try await read(lane), row.cursor.ledger == expected.ledger,
            row.cursor.epoch == expected.epoch, row.cursor.cursor == expected.cursor
        else { return false }
        row.cursor = next
        row.serial += 1
        try await append(lane, row)
        return true
    }

    /// Writes where the lanes stand, as one block.
    private func flush() async throws(TargetFailure) {
        let rows = book.takePending()
        guard !rows.isEmpty else { return }
        do throws(TargetFailure) {
            _ = try await exchange.run(ClickHouseDialect.append(rows))
        } catch {
            book.giveBack(rows)
            throw error
        }
    }

    // MARK: Delivering

    var queuesDeliveries: Bool { true }

    /// The requests are made before the delivery's turn comes; from there on nothing changes
    /// threads.
    func deliver(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult {
        let requests = requests(of: delivery)
        let (turn, before) = turns.take()
        return try await withTaskExecutorPreference(exchange.executor) {
            var committed: String?
            defer { turn.end(committed: committed) }
            if let followed = delivery.follows {
                let last = await before?.committed()
                guard last == followed else {
                    committed = last
                    return .notBegun
                }
            }
            try exchange.beginCall(follows: delivery.follows != nil)
            let result = try await deliver(delivery, requests.get())
            if case .committed = result { committed = delivery.id }
            return result
        }
    }

    /// Of each query.
    private func requests(
        of delivery: TargetDelivery
    ) -> Result<[[ClickHouseRequest]], TargetFailure> {
        Result { () throws(TargetFailure) in
            var count = 0
            var requests: [[ClickHouseRequest]] = []
            for query in delivery.queries {
                guard case .text(let sql) = query else {
                    preconditionFailure("bound queries go only to sessions that take them")
                }
                let made = try self.requests(sql, deliveryID: delivery.id, from: count + 1)
                count += made.count
                requests.append(made)
            }
            return requests
        }
    }

    private func deliver(
        _ delivery: TargetDelivery, _ requests: [[ClickHouseRequest]]
    ) async throws -> TargetDeliveryResult {
        if let move = delivery.move {
            guard try await mayWrite(delivery.lane, move.expected) else { return .fenced }
        }
        var rowCounts: [Int] = []
        var doneCount = 0
        do throws(TargetFailure) {
            for query in requests { rowCounts.append(try await run(query, &doneCount)) }
        } catch {
            // What ran before the one that failed stays.
            var failure = error
            failure.query = rowCounts.count
            if doneCount > 0 { failure.isOutcomeUnknown = true }
            throw failure
        }
        if let move = delivery.move {
            book.note(delivery.lane, move.next)
            await flushIfDue()
        }
        return .committed(rowCounts: rowCounts)
    }

    private func mayWrite(
        _ lane: LaneKey, _ expected: TargetCursor
    ) async throws(TargetFailure) -> Bool {
        if book.isConfirmed(lane, expected) { return true }
        guard let row = try await read(lane) else { return false }
        return row.cursor.epoch == expected.epoch && row.cursor.ledger == expected.ledger
    }

    private func flushIfDue() async {
        guard book.isFlushDue else { return }
        do throws(TargetFailure) {
            try await flush()
        } catch {
            // The delivery is done. The rows wait for the next time, and what keeps them from being
            // written is what the next delivery's own look at the table meets.
        }
    }
}
