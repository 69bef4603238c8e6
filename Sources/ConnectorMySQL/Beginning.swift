internal import Connector
internal import SegmentModel

/// How the transaction of a delivery begins: with a hold on the lane's row.
///
/// As a rule the row is locked first and moved last: where a query commits by itself, as every DDL
/// does here, the cursor has not moved, and nothing counts as delivered that was not. A transaction
/// that was ended behind our back is found by its savepoint. Statements that only write rows cannot
/// end a transaction, nor can a function or trigger that they call (error 1422): in front of them
/// the row is moved at once, which spares statements. Bound queries are one INSERT or REPLACE each.
struct MySQLBeginning: Equatable {
    let lane: LaneKey
    let move: TargetDelivery.Move
    /// The row is moved, not only locked.
    let moves: Bool

    init(_ delivery: TargetDelivery, _ move: TargetDelivery.Move) {
        lane = delivery.lane
        self.move = move
        let isBound = !delivery.queries.isEmpty && delivery.queries.allSatisfy(\.isBound)
        moves = isBound || delivery.writesOnlyRows
    }

    /// - Parameter atOnce: fail where another holds the row.
    func statements(on connection: MySQLConnection, atOnce: Bool) -> [String] {
        let wait = atOnce ? MySQLDialect.atOnce : ""
        if moves { return [MySQLDialect.start, wait + moveText(on: connection)] }
        let lock = connection.filled(
            MySQLDialect.lockCursor, CursorSQL.expectedParameters(lane, move.expected))
        return MySQLDialect.begin + [wait + lock]
    }

    /// Whether the row was as expected; `results` end with those of `statements`.
    func isHeld(after results: MySQLResults) -> Bool {
        moves ? results.writtenRowCounts.last == 1 : results.rows.count == 1
    }

    /// What ends the transaction.
    func endingStatements(on connection: MySQLConnection) -> [String] {
        moves
            ? [MySQLDialect.commit]
            : MySQLDialect.commit(behind: [moveText(on: connection)])
    }

    /// Whether the row was moved; `results` begin with those of `endingStatements`. It was locked
    /// as it is expected, so nothing but a query of the operator's own can have taken it away:
    /// then the next delivery finds none.
    func isMoved(after results: MySQLResults) -> Bool {
        moves || results.writtenRowCounts.dropFirst().first == 1
    }

    private func moveText(on connection: MySQLConnection) -> String {
        connection.filled(
            MySQLDialect.advanceCursor,
            CursorSQL.advanceParameters(lane, from: move.expected, to: move.next))
    }
}
