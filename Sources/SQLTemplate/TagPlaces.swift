/// Where among a template's literals its tags stand.
struct TagPlaces {
    /// Every tag that writes something, ascending.
    private var values: [Int] = []
    /// Those that write the segment's number or name, ascending.
    private var segments: [Int] = []
    /// Those that write something of a profile, ascending.
    private var rows: [Int] = []
    /// Where loops over the batch begin.
    private(set) var batchLoops: [Int] = []
    /// A condition asks for the segment: what is written may be chosen by it.
    private(set) var isChosenBySegment = false

    init(_ program: Program) {
        var offset = 0
        for instruction in program.instructions {
            switch instruction {
            case .text(let range): offset = range.upperBound
            case .value(let expression):
                values.append(offset)
                if expression.namesSegment { segments.append(offset) }
                if expression.isOfProfile { rows.append(offset) }
            case .batchIn:
                values.append(offset)
                rows.append(offset)
            case .loopBatch: batchLoops.append(offset)
            case .branch(let condition, _):
                isChosenBySegment = isChosenBySegment || condition.namesSegment
            case .loopItems, .autocomma, .loopEnd, .jump, .blockEnd: break
            }
        }
    }

    func holdsValue(_ range: Range<Int>) -> Bool {
        Self.hasAny(of: values, in: range.dropFirst())
    }

    /// Whether a tag that writes something of a profile stands there; in an empty range, at its
    /// bound.
    func holdsRow(_ range: Range<Int>) -> Bool {
        Self.hasAny(of: rows, in: range.isEmpty ? range.lowerBound..<range.upperBound + 1 : range)
    }

    func namesSegment(_ range: ClosedRange<Int>) -> Bool {
        Self.hasAny(of: segments, in: range.lowerBound..<range.upperBound + 1)
    }

    /// Complexity: O(log places).
    private static func hasAny(of places: [Int], in range: Range<Int>) -> Bool {
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if places[middle] < range.lowerBound {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < places.count && places[low] < range.upperBound
    }
}

extension Expression {
    /// Whether the segment's number or name is in it.
    var namesSegment: Bool {
        switch self {
        case .scope(let name): name == .segmentID || name == .segmentName
        case .constant, .field, .item, .index: false
        case .call(_, let parts), .all(let parts), .any(let parts):
            parts.contains { $0.namesSegment }
        case .formatted(let inner, _), .selection(let inner, _, _), .not(let inner),
            .exists(let inner):
            inner.namesSegment
        case .compare(_, let left, let right): left.namesSegment || right.namesSegment
        }
    }

    /// Whether something of a profile is in it, more than its place in the batch.
    var isOfProfile: Bool {
        switch self {
        case .field, .item: true
        case .constant, .scope, .index: false
        case .call(_, let parts), .all(let parts), .any(let parts):
            parts.contains { $0.isOfProfile }
        case .formatted(let inner, _), .selection(let inner, _, _), .not(let inner),
            .exists(let inner):
            inner.isOfProfile
        case .compare(_, let left, let right): left.isOfProfile || right.isOfProfile
        }
    }
}
