import FrameCodec
import Ledger
import SegmentModel
import Synchronization

/// A ledger whose appends can be held or refused, and whose frames can be kept from a reader.
final class TestLedger: Ledger {
    struct State {
        /// Appends wait until this is false.
        var holdsAppends = false
        var waitingCount = 0
        /// What the next append fails with.
        var appendFailure: Failure?
        var readFailure: Failure?
        /// Events of each append that took place.
        var appends: [Int] = []
    }

    private let ledger: any Ledger
    let state = Mutex(State())

    init(_ ledger: any Ledger) { self.ledger = ledger }

    var identity: LedgerIdentity { ledger.identity }
    var end: Position { ledger.end }
    var profileCount: Int { ledger.profileCount }

    func append(_ batch: EventBatch) async throws -> AppendResult {
        state.withLock { $0.waitingCount += 1 }
        defer { state.withLock { $0.waitingCount -= 1 } }
        while state.withLock({ $0.holdsAppends }) { await Task.yield() }
        if let failure = state.withLock({ $0.appendFailure.take() }) { throw failure }
        let result = try await ledger.append(batch)
        state.withLock { $0.appends.append(result.eventCount) }
        return result
    }

    func waitForEvent(at position: Position) async -> Bool {
        await ledger.waitForEvent(at: position)
    }

    private func requireReadable() throws {
        if let failure = state.withLock({ $0.readFailure }) { throw failure }
    }

    func frame(containing position: Position) throws -> Frame? {
        try requireReadable()
        return try ledger.frame(containing: position)
    }

    func frame(of segment: SegmentID, after position: Position?) throws -> Frame? {
        try requireReadable()
        return try ledger.frame(of: segment, after: position)
    }

    func changes(of segment: SegmentID, after position: Position?) throws -> Frame? {
        try requireReadable()
        return try ledger.changes(of: segment, after: position)
    }

    func position(at moment: Moment) throws -> Position? { try ledger.position(at: moment) }

    func fingerprint() throws -> Fingerprint { try ledger.fingerprint() }
    func fingerprints(before positions: Set<Position>) throws -> [Position: Fingerprint] {
        try ledger.fingerprints(before: positions)
    }
    func ordinal(of profileID: String) -> ProfileOrdinal? { ledger.ordinal(of: profileID) }

    func profileID(of ordinal: ProfileOrdinal) -> String { ledger.profileID(of: ordinal) }

    func fieldName(_ number: UInt32) -> String { ledger.fieldName(number) }

    func close() async throws { try await ledger.close() }
}
