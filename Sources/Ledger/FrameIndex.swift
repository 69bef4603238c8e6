internal import FrameCodec
internal import SegmentModel

/// Where each data frame stands and what it holds, in memory. Derived; rebuilt when the ledger is
/// opened.
struct FrameIndex {
    struct Entry {
        var chunk: Int
        var offset: Int
        var byteCount: Int
        var firstPosition: Position
        var eventCount: Int
        var recordedAt: Timestamp
        /// Over everything up to and with this frame: the newest platform event's ledger time and
        /// position.
        var lastTime: Timestamp
        var lastPlatformPosition: Position?

        var endPosition: Position { firstPosition.advanced(by: eventCount) }
    }

    private(set) var entries: [Entry] = []
    private var bySegment: [SegmentID: [Int]] = [:]

    mutating func add(_ frame: Frame, chunk: Int, offset: Int, byteCount: Int) {
        var entry = Entry(
            chunk: chunk, offset: offset, byteCount: byteCount,
            firstPosition: frame.firstPosition, eventCount: frame.events.count,
            recordedAt: frame.recordedAt,
            lastTime: entries.last?.lastTime ?? Timestamp(rawValue: Int64.min),
            lastPlatformPosition: entries.last?.lastPlatformPosition)
        let number = entries.count
        for (index, event) in frame.events.enumerated() where !event.kind.isSystem {
            entry.lastTime = event.time
            entry.lastPlatformPosition = frame.firstPosition.advanced(by: index)
            if event.kind.hasSegment, bySegment[event.segment]?.last != number {
                bySegment[event.segment, default: []].append(number)
            }
        }
        entries.append(entry)
    }

    /// The frame that holds a position; nil beyond the last.
    func frame(containing position: Position) -> Int? {
        let number = firstIndex { $0.endPosition > position }
        return number < entries.count ? number : nil
    }

    /// The first frame with an event of the segment that ends after `position`.
    func frame(of segment: SegmentID, after position: Position?) -> Int? {
        guard let numbers = bySegment[segment] else { return nil }
        guard let position else { return numbers.first }
        var low = 0
        var high = numbers.count
        while low < high {
            let middle = (low + high) / 2
            // The frame's last position is beyond the one given.
            if entries[numbers[middle]].endPosition > position.advanced(by: 1) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low < numbers.count ? numbers[low] : nil
    }

    /// The first entry for which a predicate holds that stays true from then on.
    func firstIndex(where predicate: (Entry) -> Bool) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if predicate(entries[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
