internal import Connector
internal import SegmentModel
internal import Synchronization

/// What a connector knows of `segledger_cursor`: the fence's memory and the moves that are not
/// written yet, shared by its sessions.
///
/// Without transactions the row cannot move with the data, so it does two things less well:
/// - the fence: a delivery is let through if the lane's epoch was read within the last second, else
///   it is read again. Who was suspended and wakes reads it again (the clock counts sleep too). A
///   worker whose lane was just claimed by another may write for one more second, and what it has
///   sent already still arrives;
/// - the position: it is noted here after a delivery and written for all lanes at once, at most
///   every ten seconds and when a session closes. So it is never ahead of what was delivered; it
///   may be behind, by what a crash took with it.
final class CursorBook: Sendable {
    private static let trust = Duration.seconds(1)
    private static let flushInterval = Duration.seconds(10)

    private struct Entry {
        var row: CursorRow
        /// When the row's epoch was last seen in the table.
        var confirmed: ContinuousClock.Instant?
        var isPending = false
    }

    private struct State {
        var entries: [LaneKey: Entry] = [:]
        var pendingCount = 0
        var flushed = ContinuousClock.now
    }

    private let state = Mutex(State())

    // MARK: The fence

    /// Whether the lane's row was seen to have the epoch and ledger of `expected` a moment ago.
    func isConfirmed(_ lane: LaneKey, _ expected: TargetCursor) -> Bool {
        state.withLock { state in
            guard let entry = state.entries[lane], let confirmed = entry.confirmed,
                entry.row.cursor.epoch == expected.epoch,
                entry.row.cursor.ledger == expected.ledger
            else { return false }
            return ContinuousClock.now - confirmed < Self.trust
        }
    }

    /// Takes over what was read from the table at `time`; moves of the same epoch that were noted
    /// here are newer.
    func confirm(_ lane: LaneKey, _ row: CursorRow, at time: ContinuousClock.Instant) {
        state.withLock { state in
            if var entry = state.entries[lane], entry.row.cursor.epoch == row.cursor.epoch,
                entry.row.claim == row.claim, entry.row.serial >= row.serial
            {
                entry.confirmed = time
                state.entries[lane] = entry
                return
            }
            if state.entries[lane]?.isPending == true { state.pendingCount -= 1 }
            state.entries[lane] = Entry(row: row, confirmed: time)
        }
    }

    /// Takes over a row that was just written. The fence does not count it as seen: another may
    /// have claimed meanwhile.
    func wrote(_ lane: LaneKey, _ row: CursorRow) {
        state.withLock { state in
            if state.entries[lane]?.isPending == true { state.pendingCount -= 1 }
            state.entries[lane] = Entry(row: row, confirmed: nil)
        }
    }

    func forget(_ lane: LaneKey) {
        state.withLock { state in
            if state.entries.removeValue(forKey: lane)?.isPending == true {
                state.pendingCount -= 1
            }
        }
    }

    // MARK: Moves

    /// Notes where the lane stands after a delivery.
    func note(_ lane: LaneKey, _ next: TargetCursor) {
        state.withLock { state in
            guard var entry = state.entries[lane], entry.row.cursor.epoch == next.epoch else {
                return
            }
            if !entry.isPending { state.pendingCount += 1 }
            entry.isPending = true
            entry.row.cursor = next
            entry.row.serial += 1
            state.entries[lane] = entry
        }
    }

    var isFlushDue: Bool {
        state.withLock { state in
            state.pendingCount > 0 && ContinuousClock.now - state.flushed >= Self.flushInterval
        }
    }

    /// The rows to write now, which count as written.
    func takePending() -> [(lane: LaneKey, row: CursorRow)] {
        state.withLock { state in
            state.flushed = .now
            guard state.pendingCount > 0 else { return [] }
            var rows: [(lane: LaneKey, row: CursorRow)] = []
            for (lane, entry) in state.entries where entry.isPending {
                rows.append((lane, entry.row))
                state.entries[lane]?.isPending = false
            }
            state.pendingCount = 0
            return rows
        }
    }

    /// Gives back rows that could not be written, unless a newer one waits.
    func giveBack(_ rows: [(lane: LaneKey, row: CursorRow)]) {
        state.withLock { state in
            for (lane, row) in rows {
                guard let entry = state.entries[lane], !entry.isPending,
                    entry.row.cursor.epoch == row.cursor.epoch
                else { continue }
                state.entries[lane]?.isPending = true
                state.pendingCount += 1
            }
        }
    }
}
