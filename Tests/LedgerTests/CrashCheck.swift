import Ledger
import SegmentModel
import StorageTesting

/// What must hold of a disk after a power cut; speaks only of the outside.
struct CrashCheck {
    /// What was submitted, in order.
    let submitted: [String]
    private let batchEnds: Set<Int>
    /// How many events of it were acknowledged before the power cut.
    let acknowledgedCount: Int
    private let identity: LedgerIdentity?

    init(_ run: SimulatedRun, acknowledgedCount: Int) {
        submitted = run.submitted
        batchEnds = run.batchEnds
        identity = run.identity
        self.acknowledgedCount = acknowledgedCount
    }

    /// Opens the ledger: whole batches, a prefix of what was submitted, with all that was
    /// acknowledged; opening it again returns the same; appending goes on behind it.
    ///
    /// - Returns: how many events were recovered.
    @discardableResult
    func check(_ system: SimulatedFileSystem) async throws -> Int {
        var found: [String] = []
        try await opening(system) { ledger in
            found = try lines(ledger)
            try require(submitted.starts(with: found), "other events came back: \(found)")
            try require(
                found.count >= acknowledgedCount,
                "\(acknowledgedCount) events were acknowledged, \(found.count) came back")
            try require(batchEnds.contains(found.count), "half a batch came back")
            if acknowledgedCount > 0 {
                try require(ledger.identity == identity, "the ledger is another one")
            }
        }
        let extra = EventBatch.oneProfile("after the crash")
        try await opening(system) { ledger in
            try require(try lines(ledger) == found, "another opening returns other events")
            let result = try await ledger.append(extra)
            try require(
                result.firstPosition == Position(UInt64(found.count)), "positions leave a gap")
        }
        try await opening(system) { ledger in
            let again = try lines(ledger)
            try require(again.dropLast() == found[...], "an append changed what was before it")
            try require(ledger.ordinal(of: "after the crash") != nil, "the append is lost")
        }
        return found.count
    }

    /// A witness beyond the end: events are missing, so the ledger refuses and changes nothing.
    func checkRefusal(_ system: SimulatedFileSystem, recovered: Int) async throws {
        let before = system.ledgerFiles
        do {
            let ledger = try FileLedger.open(
                SimulatedRun.options(system, witness: recovered + 1))
            try await ledger.close()
        } catch let failure as Failure {
            // Of a ledger of which nothing is left, a new one is made.
            try require(failure.code == .ledgerCorrupt, "refused as \(failure)")
            try require(system.ledgerFiles == before, "a refusal changed the files")
            return
        }
        try require(recovered == 0, "events are missing, and the ledger opens")
    }

    private func opening(
        _ system: SimulatedFileSystem, _ body: (FileLedger) async throws -> Void
    ) async throws {
        let ledger = try FileLedger.open(
            SimulatedRun.options(system, witness: acknowledgedCount))
        do {
            try await body(ledger)
        } catch {
            try await ledger.close()
            throw error
        }
        try await ledger.close()
    }

    private func require(_ holds: Bool, _ what: @autoclosure () -> String) throws {
        if !holds { throw CrashFinding(description: what()) }
    }
}

struct CrashFinding: Error, CustomStringConvertible {
    let description: String
}

extension EventBatch {
    static func oneProfile(_ id: String) -> EventBatch {
        var batch = EventBatch()
        batch.append(.profilesAdded, segment: SegmentID(1), profiles: [(id, [])])
        return batch
    }
}

extension SimulatedFileSystem {
    /// The files of the ledger's directory.
    var ledgerFiles: [String: [UInt8]] {
        files.filter { $0.key.hasPrefix(SimulatedRun.directory + "/ledger/") }
    }
}
