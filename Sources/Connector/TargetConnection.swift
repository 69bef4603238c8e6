package import SQLTemplate
package import SegmentModel

/// A connection of a client library that blocks: what an adapter gives, and `ThreadSession` makes a
/// `TargetSession` of. Every call but `cancellation`'s is made on the session's one thread.
///
/// The calls mean what those of `TargetSession` mean.
package protocol TargetConnection: AnyObject, Sendable {
    /// Ends the call that runs, or the next one.
    var cancellation: any CancelSwitch { get }

    /// Creates `segledger_cursor` if it is missing, and brings one of an earlier form up to date.
    /// Whether its columns can be used is seen after.
    func createCursorTable() throws(TargetFailure)

    func begin() throws(TargetFailure)
    func execute(_ sql: [UInt8]) throws(TargetFailure) -> Int
    var undoesQueries: Bool { get }
    func executeOrUndo(_ sql: [UInt8]) throws(TargetFailure) -> Int
    func checkConstraintsAtOnce() throws(TargetFailure)
    func query(_ sql: [UInt8]) throws(TargetFailure) -> [[String?]]
    func commit() throws(TargetFailure)
    func rollback() throws(TargetFailure)

    func gradeFacts(of tables: GradeFacts.Tables) throws(TargetFailure) -> GradeFacts

    func readCursor(_ lane: LaneKey) throws(TargetFailure) -> TargetCursor?
    func readCursors(
        of integration: String, after segment: SegmentID?
    ) throws(TargetFailure) -> [SegmentCursor]
    func claimCursor(
        _ lane: LaneKey, initial: TargetCursor
    ) throws(TargetFailure) -> TargetCursor

    /// `claimCursor` inside a transaction.
    func claimHere(
        _ lane: LaneKey, initial: TargetCursor
    ) throws(TargetFailure) -> TargetCursor
    func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) throws(TargetFailure) -> Bool

    /// Whether it takes queries whose values stand beside their text.
    var bindsValues: Bool { get }

    /// Runs such a query and returns the affected rows. A failure that says that the target cannot
    /// take it in this form is permanent.
    func execute(_ query: BoundQuery) throws(TargetFailure) -> Int

    /// Whether a query of the operator's can end the transaction it runs in.
    var queriesCanCommit: Bool { get }

    /// Whether a delivery may begin at once when the one before ends.
    var queuesDeliveries: Bool { get }

    /// Begins a transaction and takes hold of the lane's row, if it is as expected: by moving it,
    /// or, where a query can commit by itself, by locking it. May run first queries of the delivery
    /// in the same round trip.
    func beginAndHold(
        _ delivery: TargetDelivery, _ move: TargetDelivery.Move
    ) throws(TargetFailure) -> TargetBeginning

    /// What `beginAndHold` left to do before the commit; false: the row is not as expected.
    func moveHeld(_ lane: LaneKey, _ move: TargetDelivery.Move) throws(TargetFailure) -> Bool

    /// `moveHeld`, then the commit, if the row was as expected. A delivery that comes next at once
    /// may begin in the same round trip.
    func moveHeldAndCommit(
        _ lane: LaneKey, _ move: TargetDelivery.Move, before next: TargetDelivery?
    ) throws(TargetFailure) -> Bool

    /// May be called again.
    func close()
}

/// Tells a blocking call to end: raised from anywhere, lowered before the next call.
package protocol CancelSwitch: Sendable {
    func raise()
    func lower()
}

/// What `TargetConnection.beginAndHold` did.
package struct TargetBeginning: Sendable {
    /// The lane's row is as expected, and held.
    package var isHeld: Bool
    /// The rows that the first queries affected, which ran.
    package var rowCounts: [Int] = []
    /// A query whose values the target does not take beside its text.
    package var unbindable: Int?

    package init(isHeld: Bool) { self.isHeld = isHeld }
}

extension TargetConnection {
    package var bindsValues: Bool { false }

    package var undoesQueries: Bool { true }

    package var queuesDeliveries: Bool { true }

    package func checkConstraintsAtOnce() throws(TargetFailure) {}

    package func execute(_ query: BoundQuery) throws(TargetFailure) -> Int {
        preconditionFailure("bound queries go only to connections that take them")
    }

    package func beginAndHold(
        _ delivery: TargetDelivery, _ move: TargetDelivery.Move
    ) throws(TargetFailure) -> TargetBeginning {
        try begin()
        return TargetBeginning(
            isHeld: try advanceCursor(delivery.lane, from: move.expected, to: move.next))
    }

    package func claimCursor(
        _ lane: LaneKey, initial: TargetCursor
    ) throws(TargetFailure) -> TargetCursor {
        try inTransaction { () throws(TargetFailure) in
            let claimed = try claimHere(lane, initial: initial)
            try commit()
            return claimed
        }
    }

    package func moveHeld(
        _ lane: LaneKey, _ move: TargetDelivery.Move
    ) throws(TargetFailure) -> Bool { true }

    package func moveHeldAndCommit(
        _ lane: LaneKey, _ move: TargetDelivery.Move, before next: TargetDelivery?
    ) throws(TargetFailure) -> Bool {
        guard try moveHeld(lane, move) else { return false }
        try commit()
        return true
    }

    /// A row that no lane has is read and moved, so that a missing right is found before a lane
    /// depends on it.
    func openCursors() throws(TargetFailure) -> CursorSupport {
        let nobody = LaneKey(integration: "", segment: SegmentID(0))
        let nothing = TargetCursor(
            ledger: "", epoch: 0, cursor: LaneCursor(position: nil), resync: -1, queryCount: 0)
        do throws(TargetFailure) {
            try createCursorTable()
            try inTransaction { () throws(TargetFailure) in
                _ = try readCursor(nobody)
                _ = try advanceCursor(nobody, from: nothing, to: nothing)
                try rollback()
            }
            return .transactional
        } catch {
            if error.isRightMissing, !error.isConnectionLost {
                // What the statements on the cursor name is Segledger's own.
                return .refused(error.told(in: QueryVocabulary([])))
            }
            throw error
        }
    }

    /// - Parameter next: the delivery that comes at once after this one, asked late.
    func deliver(
        _ delivery: TargetDelivery, before next: () -> TargetDelivery?
    ) throws(TargetFailure) -> TargetDeliveryResult {
        if delivery.commitsByItself { return try deliverOneByOne(delivery) }
        return try rollingBack { () throws(TargetFailure) in
            var beginning = TargetBeginning(isHeld: true)
            if let move = delivery.move {
                beginning = try beginAndHold(delivery, move)
            } else {
                try begin()
            }
            guard beginning.isHeld else { return try takenBack(.fenced) }
            if let query = beginning.unbindable { return try takenBack(.unbindable(query: query)) }
            var rowCounts = beginning.rowCounts
            for place in delivery.queries.indices.dropFirst(rowCounts.count) {
                switch delivery.queries[place] {
                case .text(let sql): rowCounts.append(try execute(sql, at: place))
                case .bound(let query):
                    guard let count = try executeBound(query, at: place) else {
                        return try takenBack(.unbindable(query: place))
                    }
                    rowCounts.append(count)
                }
            }
            guard let move = delivery.move else {
                try knowing(rowCounts) { () throws(TargetFailure) in try commit() }
                return .committed(rowCounts: rowCounts)
            }
            let isMoved = try knowing(rowCounts) { () throws(TargetFailure) in
                try moveHeldAndCommit(delivery.lane, move, before: next())
            }
            guard isMoved else { return try takenBack(.fenced) }
            return .committed(rowCounts: rowCounts)
        }
    }

    func claimCursors(_ claims: [TargetClaim]) throws(TargetFailure) -> [TargetCursor] {
        try inTransaction { () throws(TargetFailure) in
            var rows: [TargetCursor] = []
            for claim in claims { rows.append(try claimHere(claim.lane, initial: claim.initial)) }
            try commit()
            return rows
        }
    }

    func shares(_ delivery: TargetDelivery) -> Bool {
        delivery.move != nil && !delivery.commitsByItself
            && (delivery.writesOnlyRows || !queriesCanCommit)
    }

    /// nil: one of them was refused, or its row was not as expected; nothing was changed.
    func deliverTogether(
        _ deliveries: [TargetDelivery]
    ) throws(TargetFailure) -> [[Int]]? {
        do throws(TargetFailure) {
            return try inTransaction { () throws(TargetFailure) in
                var counts: [[Int]] = []
                for delivery in deliveries {
                    guard let done = try deliverHere(delivery) else {
                        try rollback()
                        return nil
                    }
                    counts.append(done)
                }
                try knowing(counts.flatMap { $0 }) { () throws(TargetFailure) in try commit() }
                return counts
            }
        } catch {
            guard error.isConnectionLost || error.isOutcomeUnknown else { return nil }
            throw error
        }
    }

    /// The row's move and the queries, inside a transaction; nil: the row is not as expected.
    private func deliverHere(
        _ delivery: TargetDelivery
    ) throws(TargetFailure) -> [Int]? {
        guard let move = delivery.move else {
            preconditionFailure("a delivery that shares a transaction moves its lane's row")
        }
        guard try advanceCursor(delivery.lane, from: move.expected, to: move.next) else {
            return nil
        }
        var counts: [Int] = []
        for query in delivery.queries {
            switch query {
            case .text(let sql): counts.append(try execute(sql))
            case .bound(let query): counts.append(try execute(query))
            }
        }
        return counts
    }

    private func deliverOneByOne(
        _ delivery: TargetDelivery
    ) throws(TargetFailure) -> TargetDeliveryResult {
        if let move = delivery.move, try readCursor(delivery.lane) != move.expected {
            return .fenced
        }
        var rowCounts: [Int] = []
        for (place, query) in delivery.queries.enumerated() {
            guard case .text(let sql) = query else { return .unbindable(query: place) }
            rowCounts.append(try execute(sql, at: place))
        }
        guard let move = delivery.move else { return .committed(rowCounts: rowCounts) }
        return try inTransaction { () throws(TargetFailure) in
            guard try advanceCursor(delivery.lane, from: move.expected, to: move.next) else {
                return try takenBack(.fenced)
            }
            try knowing(rowCounts) { () throws(TargetFailure) in try commit() }
            return .committed(rowCounts: rowCounts)
        }
    }

    private func takenBack(
        _ result: TargetDeliveryResult
    ) throws(TargetFailure) -> TargetDeliveryResult {
        try rollback()
        return result
    }

    /// Commits queries that affected so many rows each.
    private func knowing<Result>(
        _ rowCounts: [Int], _ body: () throws(TargetFailure) -> Result
    ) throws(TargetFailure) -> Result {
        do throws(TargetFailure) {
            return try body()
        } catch {
            var failure = error
            if failure.isOutcomeUnknown { failure.rowCounts = rowCounts }
            throw failure
        }
    }

    /// - Parameter place: of the query in its delivery.
    private func execute(_ sql: [UInt8], at place: Int) throws(TargetFailure) -> Int {
        do throws(TargetFailure) {
            return try execute(sql)
        } catch {
            var failure = error
            failure.query = place
            throw failure
        }
    }

    /// nil: the target does not take it in this form.
    private func executeBound(
        _ query: BoundQuery, at place: Int
    ) throws(TargetFailure) -> Int? {
        do throws(TargetFailure) {
            return try execute(query)
        } catch {
            guard error.class == .permanent, !error.isConnectionLost else {
                var failure = error
                failure.query = place
                throw failure
            }
            return nil
        }
    }

    /// Begins a transaction, which `body` ends.
    package func inTransaction<Result>(
        _ body: () throws(TargetFailure) -> Result
    ) throws(TargetFailure) -> Result {
        try rollingBack { () throws(TargetFailure) in
            try begin()
            return try body()
        }
    }

    /// Rolls back if `body` throws. A connection that cannot even do that is of no more use.
    private func rollingBack<Result>(
        _ body: () throws(TargetFailure) -> Result
    ) throws(TargetFailure) -> Result {
        do throws(TargetFailure) {
            return try body()
        } catch {
            var failure = error
            do throws(TargetFailure) {
                if !failure.isConnectionLost { try rollback() }
            } catch {
                failure.isConnectionLost = true
            }
            throw failure
        }
    }
}
