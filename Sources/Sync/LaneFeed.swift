internal import FrameCodec
internal import Ledger
internal import Projection
internal import SegmentModel
internal import StorageIO
internal import Synchronization

/// Follows the ledger for all workers of a run: reads each frame once, and tells each worker of the
/// segments in it that concern it. A worker whose segments rest is not woken.
///
/// Invariant: what a mailbox is told of is folded.
final class LaneFeed: Sendable {
    /// What came since a worker last looked.
    struct News: Sendable {
        /// Segments that events spoke of, as they are described by now.
        fileprivate(set) var segments: [SegmentID: SegmentRow] = [:]
        /// Integrations, resyncs or parked changes were spoken of.
        fileprivate(set) var hasSystemEvents = false
        /// So much came, or it could not be read, that all is to be looked at.
        fileprivate(set) var isIncomplete = false

        var isEmpty: Bool { segments.isEmpty && !hasSystemEvents && !isIncomplete }
    }

    /// What one worker is told.
    final class Mailbox: Sendable {
        private static let segmentCountMax = 4096

        private let news = Mutex(News())
        /// Segments that the worker has lanes of, whatever its scope holds now.
        private let known = Mutex<Set<SegmentID>>([])
        private let scope: IntegrationDefinition.Scope
        private let wake: AsyncSignal

        fileprivate init(_ scope: IntegrationDefinition.Scope, wake: AsyncSignal) {
            self.scope = scope
            self.wake = wake
        }

        func take() -> News {
            news.withLock { news in
                defer { news = News() }
                return news
            }
        }

        /// Segments that the worker wants to hear of beside those of its scope.
        func know(_ segments: some Sequence<SegmentID>) {
            known.withLock { $0.formUnion(segments) }
        }

        fileprivate func put(_ rows: [SegmentRow], hasSystemEvents: Bool) {
            let wanted = known.withLock { known in
                rows.filter { known.contains($0.id) || scope.contains($0.id, $0.said) }
            }
            guard hasSystemEvents || !wanted.isEmpty else { return }
            news.withLock { news in
                if hasSystemEvents { news.hasSystemEvents = true }
                for row in wanted { news.segments[row.id] = row }
                if news.segments.count > Self.segmentCountMax {
                    news.segments = [:]
                    news.isIncomplete = true
                }
            }
            wake.raise()
        }

        fileprivate func putIncomplete() {
            news.withLock { $0.isIncomplete = true }
            wake.raise()
        }
    }

    /// Rows of more segments are not read one by one.
    private static let rowCountMax = 1000

    private let context: SyncContext
    private let mailboxes = Mutex<[Mailbox]>([])

    init(context: SyncContext) {
        self.context = context
    }

    /// - Parameter wake: raised with each piece of news.
    func subscribe(_ scope: IntegrationDefinition.Scope, wake: AsyncSignal) -> Mailbox {
        let mailbox = Mailbox(scope, wake: wake)
        mailboxes.withLock { $0.append(mailbox) }
        return mailbox
    }

    /// Tells of everything from `start` on, until the ledger is closed or the task is cancelled.
    func run(from start: Position) async {
        var seen = start
        while await context.ledger.waitForEvent(at: seen), !Task.isCancelled {
            let end = context.ledger.end
            do {
                try await tell(from: seen, before: end)
            } catch {
                // Who is woken reads the same, and says what is wrong with it.
                for mailbox in mailboxes.withLock({ $0 }) { mailbox.putIncomplete() }
            }
            seen = end
        }
    }

    private func tell(from start: Position, before end: Position) async throws {
        let ledger = context.ledger
        let found = try await context.pool.run { try Found(ledger, from: start, before: end) }
        guard found.hasSystemEvents || found.hasProfiles || !found.segments.isEmpty else { return }
        try await context.projections.foldToEnd(before: end)
        let rows = try await context.projections.read { reader in
            let changed = try reader.segmentsWithRowChanges(from: start, before: end)
            let segments = found.segments.union(changed)
            return segments.count > Self.rowCountMax
                ? try reader.segments().filter { segments.contains($0.id) }
                : try reader.segments(segments)
        }
        guard found.hasSystemEvents || !rows.isEmpty else { return }
        for mailbox in mailboxes.withLock({ $0 }) {
            mailbox.put(rows, hasSystemEvents: found.hasSystemEvents)
        }
    }

    /// What some frames speak of, beside what workers write down themselves while they deliver.
    private struct Found: Sendable {
        private(set) var segments: Set<SegmentID> = []
        private(set) var hasSystemEvents = false
        /// Fields of profiles may have changed.
        private(set) var hasProfiles = false

        init(_ ledger: any Ledger, from start: Position, before end: Position) throws {
            var next = start
            while next < end, let frame = try ledger.frame(containing: next) {
                let known = Int(next.rawValue - frame.firstPosition.rawValue)
                for event in frame.events.dropFirst(known) {
                    if event.kind.hasSegment {
                        segments.insert(event.segment)
                    } else if event.kind.hasProfiles {
                        hasProfiles = true
                    } else if event.kind.isSystem, event.kind.isNews {
                        hasSystemEvents = true
                    }
                }
                next = frame.endPosition
            }
        }
    }
}

extension EventKind {
    fileprivate var isNews: Bool {
        switch self {
        case .deliveryRecorded, .deliveryStarted, .changeParked, .gradeRecorded, .laneLeft: false
        default: true
        }
    }
}
