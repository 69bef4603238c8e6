internal import SegmentModel

/// Finding what a path selects in one JSON text.
struct JSONPathSearch {
    /// Values deeper than this are not looked into.
    private static let depthMax = 64
    /// Bytes of a long value that count as one value more.
    private static let bytesPerWork = 256

    private let bytes: UnsafePointer<UInt8>
    private let root: Range<Int>
    /// Values looked at: `..` in `..` and filters in filters can look at the same ones very often.
    private var workCount = 0
    /// More than `Limits.jsonPathWorkCountMax` would have to be looked at: the hits mean nothing.
    private(set) var isExhausted = false

    init(_ bytes: UnsafePointer<UInt8>, _ range: Range<Int>) {
        self.bytes = bytes
        var start = range.lowerBound
        while start < range.upperBound, SQLLexer.isSpace(bytes[start]) { start += 1 }
        root = start..<range.upperBound
    }

    /// The places of the values that are selected, in order; at most `countMax`.
    mutating func hits(_ path: JSONPath, countMax: Int) -> [Range<Int>] {
        root.isEmpty ? [] : select(path.segments[...], from: root, countMax)
    }

    /// Depth first, so that the first hit is found without the others.
    private mutating func select(
        _ segments: ArraySlice<JSONPath.Segment>, from value: Range<Int>, _ countMax: Int
    ) -> [Range<Int>] {
        guard let segment = segments.first else { return [value] }
        var found: [Range<Int>] = []
        for origin in segment.isDescendant ? descendants(value, depth: 0) : [value] {
            for selector in segment.selectors {
                for next in children(selector, of: origin) {
                    found += select(segments.dropFirst(), from: next, countMax - found.count)
                    if found.count >= countMax || isExhausted { return found }
                }
            }
        }
        return found
    }

    private mutating func items(_ value: Range<Int>) -> [JSONWalker.Item] {
        let first = value.isEmpty ? 0 : bytes[value.lowerBound]
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return [] }
        var items: [JSONWalker.Item] = []
        var index = value.lowerBound + 1
        while let item = JSONWalker.item(in: bytes, at: index, end: value.upperBound) {
            items.append(item)
            workCount += 1 + (item.next - index) / Self.bytesPerWork
            if workCount > Limits.jsonPathWorkCountMax { isExhausted = true }
            if item.isLast || isExhausted { break }
            index = item.next
        }
        return items
    }

    private mutating func descendants(_ value: Range<Int>, depth: Int) -> [Range<Int>] {
        guard depth <= Self.depthMax, !isExhausted else { return [] }
        var all = [value]
        for item in items(value) {
            all += descendants(item.value, depth: depth + 1)
        }
        return all
    }

    private mutating func children(
        _ selector: JSONPath.Selector, of value: Range<Int>
    ) -> [Range<Int>] {
        let isList = !value.isEmpty && bytes[value.lowerBound] == UInt8(ascii: "[")
        let items = items(value)
        switch selector {
        case .wildcard: return items.map(\.value)
        case .name(let name):
            let found = items.first { item in
                !isList && item.key.map { JSONWalker.isKey(bytes, $0, name) } ?? false
            }
            return found.map { [$0.value] } ?? []
        case .index(let index):
            let place = index < 0 ? items.count + index : index
            return isList && items.indices.contains(place) ? [items[place].value] : []
        case .slice(let start, let end, let step):
            return isList ? Self.slice(items, start, end, step) : []
        case .filter(let condition):
            var kept: [Range<Int>] = []
            for item in items where holds(condition, item.value) {
                kept.append(item.value)
            }
            return kept
        }
    }

    /// RFC 9535, 2.3.4.2.2.
    private static func slice(
        _ items: [JSONWalker.Item], _ start: Int?, _ end: Int?, _ step: Int
    ) -> [Range<Int>] {
        guard step != 0 else { return [] }
        func bounded(_ bound: Int, _ range: ClosedRange<Int>) -> Int {
            let place = bound < 0 ? items.count + bound : bound
            return min(max(place, range.lowerBound), range.upperBound)
        }
        if step > 0 {
            let lower = bounded(start ?? 0, 0...items.count)
            let upper = bounded(end ?? items.count, 0...items.count)
            return Swift.stride(from: lower, to: upper, by: step).map { items[$0].value }
        }
        let upper = bounded(start ?? items.count - 1, -1...items.count - 1)
        let lower = end.map { bounded($0, -1...items.count - 1) } ?? -1
        return Swift.stride(from: upper, to: lower, by: step).map { items[$0].value }
    }

    // MARK: Filters

    private mutating func holds(_ condition: JSONPath.Condition, _ value: Range<Int>) -> Bool {
        switch condition {
        case .any(let parts):
            for part in parts where holds(part, value) { return true }
            return false
        case .all(let parts):
            for part in parts where !holds(part, value) { return false }
            return true
        case .not(let inner): return !holds(inner, value)
        case .exists(.literal(let literal)): return literal == .word(Array("true".utf8))
        case .exists(.path(let path, let isRooted)):
            return !select(path.segments[...], from: isRooted ? root : value, 1).isEmpty
        case .compare(let comparison, let left, let right):
            let first = resolve(left, value)
            return Self.compare(comparison, first, resolve(right, value))
        }
    }

    private mutating func resolve(
        _ operand: JSONPath.Operand, _ value: Range<Int>
    ) -> JSONPath.Literal? {
        switch operand {
        case .literal(let literal): return literal
        case .path(let path, let isRooted):
            let hit = select(path.segments[...], from: isRooted ? root : value, 1).first
            guard let hit, !hit.isEmpty else { return nil }
            let raw = UnsafeBufferPointer(start: bytes + hit.lowerBound, count: hit.count)
            if raw[0] == UInt8(ascii: "\""), raw.count >= 2 {
                return .text(
                    JSONWalker.unescaped(UnsafeBufferPointer(rebasing: raw[1..<raw.count - 1])))
            }
            return DecimalText.isNumber(raw) ? .number(Array(raw)) : .word(Array(raw))
        }
    }

    /// RFC 9535, 2.3.5.2.2: nothing equals nothing; numbers and texts have an order.
    private static func compare(
        _ comparison: Comparison, _ left: JSONPath.Literal?, _ right: JSONPath.Literal?
    ) -> Bool {
        let order = order(left, right)
        return switch comparison {
        case .equal: left == right || order == 0
        case .notEqual: left != right && order != 0
        case .less: order.map { $0 < 0 } ?? false
        case .greater: order.map { $0 > 0 } ?? false
        case .lessOrEqual: left == right || order.map { $0 <= 0 } ?? false
        case .greaterOrEqual: left == right || order.map { $0 >= 0 } ?? false
        case .contains, .isIn: false
        }
    }

    private static func order(_ left: JSONPath.Literal?, _ right: JSONPath.Literal?) -> Int? {
        switch (left, right) {
        case (.number(let first), .number(let second)):
            let decimals = [first, second].compactMap { digits in
                digits.withUnsafeBufferPointer { DecimalText($0) }
            }
            return decimals.count == 2 ? decimals[0].compared(to: decimals[1]) : nil
        case (.text(let first), .text(let second)):
            return first == second ? 0 : first.lexicographicallyPrecedes(second) ? -1 : 1
        default: return nil
        }
    }
}
