import FrameCodec
import Ledger
import SegmentModel
import Synchronization

/// Passes everything on and notes which frames were read.
final class CountingLedger: Ledger {
    let base: any Ledger
    let reads = Mutex<[Position]>([])

    init(_ base: any Ledger) { self.base = base }

    var identity: LedgerIdentity { base.identity }
    var end: Position { base.end }
    var profileCount: Int { base.profileCount }

    func append(_ batch: EventBatch) async throws -> AppendResult {
        try await base.append(batch)
    }

    func waitForEvent(at position: Position) async -> Bool {
        await base.waitForEvent(at: position)
    }

    func frame(containing position: Position) throws -> Frame? {
        note(try base.frame(containing: position))
    }

    func frame(of segment: SegmentID, after position: Position?) throws -> Frame? {
        note(try base.frame(of: segment, after: position))
    }

    private func note(_ frame: Frame?) -> Frame? {
        if let frame { reads.withLock { $0.append(frame.firstPosition) } }
        return frame
    }

    func position(at moment: Moment) throws -> Position? { try base.position(at: moment) }
    func fingerprint() throws -> Fingerprint { try base.fingerprint() }
    func fingerprints(before positions: Set<Position>) throws -> [Position: Fingerprint] {
        try base.fingerprints(before: positions)
    }
    func ordinal(of profileID: String) -> ProfileOrdinal? { base.ordinal(of: profileID) }
    func profileID(of ordinal: ProfileOrdinal) -> String { base.profileID(of: ordinal) }
    func fieldName(_ number: UInt32) -> String { base.fieldName(number) }
    func close() async throws { try await base.close() }
}
