internal import FrameCodec
internal import GRDB
internal import SegmentModel

/// One transaction of the writer: takes events at the checkpoint and moves it behind them.
///
/// Events change the tables in memory; what they changed is written once, at the end. Only rare
/// system events, errors and long field values are written at once.
struct Fold {
    /// Gives the frames from a position on, or a part of them; none at the end.
    typealias Source = (Position) throws -> [Frame]

    let context: FoldContext
    let database: Database
    let segments: SegmentStatements
    private let fields: FieldStatements
    /// What the number of a field stands for.
    let fieldName: (UInt32) -> String
    private var next: Position
    private var recordedAt: Timestamp?
    private var changeCount = 0
    private var eventCount = 0

    var decoder: SystemEventDecoder { context.decoder }

    init(
        context: FoldContext, database: Database, fieldName: @escaping (UInt32) -> String
    ) throws {
        self.context = context
        self.fieldName = fieldName
        self.database = database
        segments = try SegmentStatements(database)
        fields = try FieldStatements(database)
        next = try ProjectionReader(database).checkpoint()
    }

    /// Folds up to the position `end`, the end of `source` or the limits of a transaction, and
    /// returns the new checkpoint.
    mutating func run(before end: Position, _ source: Source) throws -> Position {
        context.beginTransaction(at: next)
        while next < end, !isFull {
            let start = next
            for frame in try source(next) where frame.endPosition > next {
                try fold(frame, before: end)
                if isFull || next == end { break }
            }
            if next == start { break }
        }
        try context.segments.store(segments)
        try context.fields.store(fields)
        try context.keys.store(database, fieldName)
        try context.totals.store(database)
        if let recordedAt {
            try database.cachedStatement(
                sql: "UPDATE checkpoint SET position = ?, recorded_at = ?"
            ).execute(arguments: [Int64(next.rawValue), recordedAt.rawValue])
        }
        context.endTransaction(at: next)
        return next
    }

    /// Every transaction takes an event, whatever was kept from the last one.
    private var isFull: Bool {
        if eventCount == 0 { return false }
        return changeCount >= context.limits.changeCount
            || eventCount >= context.limits.eventCount
            || context.byteCount >= context.limits.workByteCount
    }

    private mutating func fold(_ frame: Frame, before end: Position) throws {
        guard frame.firstPosition <= next else {
            throw Failure(
                .projectionInvalid,
                "the projections stand at position \(next), the events given begin at"
                    + " \(frame.firstPosition)",
                hint: Failure.rebuildHint)
        }
        let first = Int(next.rawValue - frame.firstPosition.rawValue)
        let last = Int(min(end, frame.endPosition).rawValue - frame.firstPosition.rawValue)
        context.rows.nextOrdinal = frame.nextOrdinal(before: first)
        try frame.events.withUnsafeBufferPointer { events in
            try frame.ordinals.withUnsafeBufferPointer { ordinals in
                for index in first..<last {
                    let range = events[index].ordinalRange
                    try fold(
                        events[index], UnsafeBufferPointer(rebasing: ordinals[range]), of: frame)
                    next = next.advanced(by: 1)
                    changeCount += range.count
                    eventCount += 1
                    if isFull { break }
                }
            }
            recordedAt = events[Int(next.rawValue - frame.firstPosition.rawValue) - 1].recordedAt
        }
    }

    private func fold(
        _ event: Frame.Event, _ ordinals: UnsafeBufferPointer<UInt32>, of frame: Frame
    ) throws {
        if event.kind.isSystem {
            try foldSystemEvent(event, at: next, of: frame)
            return
        }
        if event.recordCount > 0 {
            try foldRows(event, at: next, of: frame)
        }
        if let last = ordinals.last {
            context.rows.nextOrdinal = max(context.rows.nextOrdinal, last + 1)
        }
        if event.kind.hasSegment {
            try foldSegment(event, ordinals, of: frame)
        }
        if event.recordCount > 0 {
            try context.fields.append(event, at: next, of: frame, fields)
        }
    }

    private func foldSegment(
        _ event: Frame.Event, _ ordinals: UnsafeBufferPointer<UInt32>, of frame: Frame
    ) throws {
        let table = context.segments
        let segment = try table.touch(
            event.segment, at: next, time: event.time,
            isDeletion: event.kind == .segmentDeleted, segments)
        switch event.kind {
        case .segmentCreated, .segmentUpdated:
            segment.pointee.description.merge(try frame.withBody(event, decoder.description))
        case .profilesAdded:
            try table.insert(ordinals, into: segment, segments)
        case .profilesRemoved:
            try table.remove(ordinals, from: segment, segments)
        case .segmentCleared, .segmentDeleted:
            table.clear(segment)
        default:
            preconditionFailure("\(event.kind.name) speaks of no segment")
        }
    }
}

extension Frame {
    /// The ordinal of the next profile that is new, at the event `index`: ordinals are given out in
    /// the order of events, and those of an event ascend.
    fileprivate func nextOrdinal(before index: Int) -> UInt32 {
        var next = firstOrdinal
        for event in events[..<index] where event.ordinalCount > 0 {
            next = max(next, ordinals[event.ordinalRange.upperBound - 1] + 1)
        }
        return next
    }

    /// Calls `body` with the event's JSON body, without a copy.
    func withBody<Result>(
        _ event: Event, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try bytes.withUnsafeBytes {
            try body(UnsafeRawBufferPointer(rebasing: $0[event.body.range]))
        }
    }
}
