internal import Projection
internal import SegmentModel
internal import StorageIO
internal import Synchronization

/// Counts what a rebuild has done, and says how long the rest will take.
///
/// How many members there are is known from the projections: at the pin there may have been others,
/// so that the figure is about right, not exact.
final class ResyncMeter: Sendable {
    private struct State {
        var memberCounts: [Int] = []
        var segmentCount = 0
        var profileCount = 0
        var rowCount = 0
        var start: UInt64 = 0
    }

    private let integration: String
    private let request: Position
    private let context: SyncContext
    private let tell: @Sendable (SyncProgress) -> Void
    /// Told of each query that has run.
    private let advanced: @Sendable () -> Void
    private let state = Mutex(State())

    init(
        _ integration: String, _ request: Position, _ context: SyncContext,
        tell: @escaping @Sendable (SyncProgress) -> Void, advanced: @escaping @Sendable () -> Void
    ) {
        self.integration = integration
        self.request = request
        self.context = context
        self.tell = tell
        self.advanced = advanced
    }

    /// A try begins, from nothing.
    func begin(_ segments: [SegmentID]) async throws {
        let counts = try await context.projections.read { reader in
            try segments.map { try reader.segment($0)?.memberCount ?? 0 }
        }
        state.withLock { state in
            state = State()
            state.memberCounts = counts
            state.start = context.time.nanoseconds()
        }
        show()
    }

    /// A query has run.
    func advance(profiles: Int, rows: Int) {
        state.withLock { state in
            state.profileCount += profiles
            state.rowCount += rows
        }
        advanced()
        show()
    }

    func endSegment() {
        state.withLock { $0.segmentCount += 1 }
        show()
    }

    private func show() {
        let now = context.time.nanoseconds()
        let progress = state.withLock { state in
            let total = max(state.memberCounts.reduce(0, +), state.profileCount)
            var progress = SyncProgress(
                integration: integration, activity: .resync, done: state.profileCount, total: total)
            progress.request = request
            progress.segments = (state.segmentCount, state.memberCounts.count)
            progress.rowCount = state.rowCount
            if state.profileCount > 0 {
                let seconds = Double(now - min(now, state.start)) / 1_000_000_000
                progress.etaSeconds =
                    seconds * Double(total - state.profileCount) / Double(state.profileCount)
            }
            return progress
        }
        tell(progress)
    }
}
