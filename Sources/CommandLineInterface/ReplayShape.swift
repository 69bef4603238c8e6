internal import SegmentModel

/// How the changes of a ledger lie in its events, as a replay meets them.
struct ReplayShape {
    static let profiles: Range<UInt32> = 0..<1_000_000
    static let segmentCount = 1000

    let name: String
    let changeCount: Int
    /// Profiles of one event.
    let eventLength: ClosedRange<Int>
    /// The mean step between an event's neighbouring profiles; nil: they lie anywhere.
    var meanStep: UInt64?

    static let all = [
        ReplayShape(
            name: "bulk", changeCount: 20_000_000, eventLength: 10_000...100_000, meanStep: 4),
        ReplayShape(name: "medium", changeCount: 6_000_000, eventLength: 50...450),
        ReplayShape(name: "trickle", changeCount: 3_000_000, eventLength: 1...4),
    ]

    var label: String { "\(eventLength.lowerBound)-\(eventLength.upperBound) a batch" }

    static func segmentID(_ segment: Int) -> SegmentID { SegmentID(Int64(segment + 1)) }

    static func segment(_ id: SegmentID) -> Int { Int(id.rawValue) - 1 }
}

/// The changes of a shape, always the same: segments of very different sizes, a removal for every
/// two additions.
struct ReplayChanges {
    struct Change {
        let kind: EventKind
        let segment: Int
        /// Ascending and distinct.
        let ordinals: [UInt32]

        var segmentID: SegmentID { ReplayShape.segmentID(segment) }
    }

    private let shape: ReplayShape
    private var remaining: Int
    private var random = SplitMix64(state: 7)

    init(_ shape: ReplayShape) {
        self.shape = shape
        remaining = shape.changeCount
    }

    /// nil when all changes are made.
    mutating func next() -> Change? {
        guard remaining > 0 else { return nil }
        let lengths = shape.eventLength
        let wanted = lengths.lowerBound + Int(random.next() % UInt64(lengths.count))
        let kind: EventKind = random.next() % 3 == 0 ? .profilesRemoved : .profilesAdded
        // Small segments are many, large ones few: the square of a uniform number.
        let uniform = Double(random.next() >> 11) / Double(1 << 53)
        let segment = Int(uniform * uniform * Double(ReplayShape.segmentCount))
        let ordinals = ordinals(min(wanted, remaining))
        remaining -= ordinals.count
        return Change(kind: kind, segment: segment, ordinals: ordinals)
    }

    private mutating func ordinals(_ count: Int) -> [UInt32] {
        let population = UInt64(ReplayShape.profiles.count)
        guard let meanStep = shape.meanStep else {
            var found: Set<UInt32> = []
            while found.count < count { found.insert(UInt32(random.next() % population)) }
            return found.sorted()
        }
        let longest = 2 * meanStep - 1
        var number = random.next() % (population - UInt64(count) * longest)
        return (0..<count).map { _ in
            number += 1 + random.next() % longest
            return UInt32(number)
        }
    }
}

/// Membership in the plainest form: a bit for each segment and profile.
final class PlainBitmaps: Equatable {
    private static let wordCount = (ReplayShape.profiles.count + 63) / 64
    private let words: UnsafeMutableBufferPointer<UInt64>

    init() {
        words = .allocate(capacity: Self.wordCount * ReplayShape.segmentCount)
        words.initialize(repeating: 0)
    }

    deinit { words.deallocate() }

    func apply(_ kind: EventKind, segment: Int, _ ordinals: UnsafeBufferPointer<UInt32>) {
        let bits = words.baseAddress! + segment * Self.wordCount
        if kind == .profilesAdded {
            for ordinal in ordinals { bits[Int(ordinal >> 6)] |= 1 << UInt64(ordinal & 63) }
        } else {
            for ordinal in ordinals { bits[Int(ordinal >> 6)] &= ~(1 << UInt64(ordinal & 63)) }
        }
    }

    func members(of segment: Int) -> [UInt32] {
        let start = segment * Self.wordCount
        var members: [UInt32] = []
        for (index, word) in words[start..<start + Self.wordCount].enumerated() {
            var rest = word
            while rest != 0 {
                members.append(UInt32(index * 64 + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
        return members
    }

    static func == (left: PlainBitmaps, right: PlainBitmaps) -> Bool {
        left.words.elementsEqual(right.words)
    }
}
