internal import FrameCodec
internal import SegmentModel

/// Where each data frame of one chunk stands and what it holds, in memory. Derived from the frames,
/// or from the footer of a sealed chunk.
struct ChunkIndex {
    struct Entry {
        var offset: Int
        var byteCount: Int
        var firstPosition: Position
        var eventCount: Int
        /// Of its last event.
        var recordedAt: Timestamp
        /// Over everything in the ledger up to and with this frame: the newest platform event's
        /// ledger time.
        var lastTime: Timestamp
        /// Its last platform event.
        var lastPlatformPosition: Position?

        var endPosition: Position { firstPosition.advanced(by: eventCount) }
    }

    private(set) var entries: [Entry] = []
    private var bySegment: [SegmentID: [UInt32]] = [:]
    /// Before the first entry.
    private let timeBefore: Timestamp

    init(timeBefore: Timestamp) { self.timeBefore = timeBefore }

    var lastTime: Timestamp { entries.last?.lastTime ?? timeBefore }

    mutating func add(_ frame: Frame, offset: Int, byteCount: Int) {
        var entry = Entry(
            offset: offset, byteCount: byteCount, firstPosition: frame.firstPosition,
            eventCount: frame.events.count, recordedAt: frame.recordedAt, lastTime: lastTime,
            lastPlatformPosition: nil)
        let number = UInt32(entries.count)
        for (index, event) in frame.events.enumerated() where !event.kind.isSystem {
            entry.lastTime = event.time
            entry.lastPlatformPosition = frame.firstPosition.advanced(by: index)
            if event.kind.hasSegment { note(event.segment, number) }
        }
        entries.append(entry)
    }

    private mutating func note(_ segment: SegmentID, _ number: UInt32) {
        Self.note(number, in: &bySegment[segment, default: []])
    }

    private static func note(_ number: UInt32, in numbers: inout [UInt32]) {
        if numbers.last != number { numbers.append(number) }
    }

    /// The first frame that ends after `position`; nil beyond the last.
    func frame(containing position: Position) -> Entry? {
        let number = entries.partitionIndex(where: { $0.endPosition > position })
        return number < entries.count ? entries[number] : nil
    }

    /// The first frame with an event of the segment that ends after `position`.
    func frame(of segment: SegmentID, after position: Position?) -> Entry? {
        guard let numbers = bySegment[segment] else { return nil }
        guard let position else { return numbers.first.map { entries[Int($0)] } }
        // The frame's last position is beyond the one given.
        let beyond = position.advanced(by: 1)
        let index = numbers.partitionIndex(where: {
            entries[Int($0)].endPosition > beyond
        })
        return index < numbers.count ? entries[Int(numbers[index])] : nil
    }
}

// MARK: Footers

extension ChunkIndex {
    /// The index of a sealed chunk whose first block stands at `offset`.
    init(
        _ footer: ChunkFooter, firstBlockOffset offset: Int, firstPosition: Position,
        timeBefore: Timestamp
    ) {
        self.timeBefore = timeBefore
        var offset = offset
        var position = firstPosition
        for block in footer.blocks {
            let first = position
            entries.append(
                Entry(
                    offset: offset, byteCount: block.byteCount, firstPosition: first,
                    eventCount: block.eventCount, recordedAt: block.recordedAt,
                    lastTime: block.lastTime,
                    lastPlatformPosition: block.lastPlatformIndex.map { first.advanced(by: $0) }))
            offset += block.byteCount
            position = position.advanced(by: block.eventCount)
        }
        for posting in footer.postings { bySegment[posting.segment] = posting.blocks }
    }

    var footerBlocks: [ChunkFooter.Block] {
        entries.map { entry in
            ChunkFooter.Block(
                byteCount: entry.byteCount, eventCount: entry.eventCount,
                recordedAt: entry.recordedAt, lastTime: entry.lastTime,
                lastPlatformIndex: entry.lastPlatformPosition.map {
                    Int($0.rawValue - entry.firstPosition.rawValue)
                })
        }
    }

    var footerPostings: [ChunkFooter.Posting] {
        bySegment.keys.sorted().map { ChunkFooter.Posting(segment: $0, blocks: bySegment[$0]!) }
    }
}

extension Array {
    /// The index of the first element for which a predicate holds that stays true from then on;
    /// the count, if there is none.
    func partitionIndex(where predicate: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
