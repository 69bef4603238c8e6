internal import Connector
internal import Ledger
internal import Projection
internal import SegmentModel
internal import StorageIO

/// Reads what `Recognition` compares: receipts, then rows, then the ledger's own fingerprints.
struct TargetRecognizer: Sendable {
    /// What was read of an integration, and found.
    struct Result: Sendable {
        var lanes: LaneMap
        var rows: CursorMap
        var verdict: Recognition.Verdict

        func failure(of integration: String) -> Failure? {
            verdict.failure(of: integration, rows, lanes)
        }
    }

    let integration: String
    let context: SyncContext

    /// - Throws: `TargetFailure` if the rows cannot be read.
    /// - Complexity: O(lanes and rows of the integration).
    func read(
        _ session: any TargetSession, _ support: CursorSupport,
        rebuilding: Recognition.Rebuilding = Recognition.Rebuilding()
    ) async throws -> Result {
        let name = integration
        try await context.projections.foldToEnd()
        let lanes = LaneMap(try await context.projections.read { try $0.lanes(of: name) })
        if case .refused = support {
            return Result(lanes: lanes, rows: CursorMap([]), verdict: Recognition.Verdict())
        }
        let rows = CursorMap(try await session.readAllCursors(of: name))
        let ledger = context.ledger
        let recognition = Recognition(
            timeline: ledger.identity.timeline, end: ledger.end, support: support)
        let asked = recognition.asked(lanes, rows)
        let own =
            asked.isEmpty
            ? [:] : try await context.pool.run { try ledger.fingerprints(before: asked) }
        return Result(
            lanes: lanes, rows: rows,
            verdict: recognition.judge(lanes, rows, own: own, rebuilding: rebuilding))
    }

    /// Takes rows that another copy of the ledger wrote for this one's, at segments whose lanes
    /// have left.
    func disown(
        _ segments: Set<SegmentID>, of result: Result, over session: any TargetSession
    ) async throws {
        guard !segments.isEmpty else { return }
        _ = try await rewrite(segments.sorted(), of: result, over: session) { row, lane in
            row.cursor = lane?.cursor ?? LaneCursor(position: nil)
            row.resync = lane?.lastResync.map { Int64($0.rawValue) } ?? -1
        }
    }

    /// Gives rows that an earlier version wrote the ledger's fingerprint of now: from here on they
    /// are known again. No lane may be open.
    ///
    /// - Returns: how many.
    func mark(_ result: Result, over session: any TargetSession) async throws -> Int {
        let segments = result.verdict.unmarked.sorted()
        guard !segments.isEmpty else { return 0 }
        return try await rewrite(segments, of: result, over: session) { _, _ in }
    }

    /// Gives rows the ledger's fingerprint of now, in one transaction.
    ///
    /// - Returns: how many.
    private func rewrite(
        _ segments: [SegmentID], of result: Result, over session: any TargetSession,
        _ change: (inout TargetCursor, LaneRow?) -> Void
    ) async throws -> Int {
        let fingerprint = try context.ledger.fingerprint()
        var count = 0
        try await session.begin()
        do {
            for segment in segments {
                guard let row = result.rows[segment] else { continue }
                var marked = row
                marked.fingerprint = fingerprint
                change(&marked, result.lanes[segment])
                let lane = LaneKey(integration: integration, segment: segment)
                if try await session.advanceCursor(lane, from: row, to: marked) { count += 1 }
            }
            try await session.commit()
        } catch {
            let lost = (error as? TargetFailure)?.isConnectionLost ?? false
            if !lost { try await session.rollback() }
            throw error
        }
        return count
    }
}
