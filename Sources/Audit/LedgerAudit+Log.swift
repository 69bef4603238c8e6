internal import FrameCodec
internal import Ledger
internal import SegmentModel

extension LedgerAudit {
    /// Hands out the events of a range in ledger order, as they are read.
    ///
    /// - Throws: `notFound` for a segment that the ledger has never seen, or a `to` beyond its end;
    ///   what `visit` throws.
    /// - Complexity: reads every frame of the range, with a segment only those that hold it.
    package func log(_ filter: LogFilter, _ visit: (LogEntry) throws -> Void) throws {
        if let segment = filter.segment { try checkKnown(segment) }
        var rest = filter.limit ?? Int.max
        let start = try positionBefore(filter.from)
        guard rest > 0, let last = try lastPosition(at: filter.to), start.map({ $0 < last }) ?? true
        else { return }
        try readFrames(after: start, through: last, of: filter.segment) { frame in
            for index in frame.eventIndexes(after: start, through: last) {
                guard Self.passes(frame.events[index], filter) else { continue }
                try visit(Self.entry(frame, index))
                rest -= 1
                if rest == 0 { return false }
            }
            return true
        }
    }

    /// The position that the first event to show follows; nil: from the beginning.
    private func positionBefore(_ from: Moment?) throws -> Position? {
        switch from {
        case nil: nil
        case .position(let position): position.predecessor
        case .time(let time):
            try ledger.position(at: .time(time.advanced(byMicroseconds: -1)))
        }
    }

    private static func passes(_ event: Frame.Event, _ filter: LogFilter) -> Bool {
        if let kinds = filter.kinds, !kinds.contains(event.kind) { return false }
        guard let segment = filter.segment else { return true }
        return event.kind.hasSegment && event.segment == segment
    }

    private static func entry(_ frame: Frame, _ index: Int) -> LogEntry {
        let event = frame.events[index]
        return LogEntry(
            position: frame.firstPosition.advanced(by: index), time: event.time,
            ownTime: event.ownTime, recordedAt: event.recordedAt, kind: event.kind,
            segment: event.kind.hasSegment ? event.segment : nil,
            profileCount: Int(event.ordinalCount), eventID: frame.string(event.eventID),
            body: frame.string(event.body))
    }
}
