/// Finds values in JSON text without decoding it. The text was checked when it came in; in other
/// text nothing is found, and nothing outside of it is read.
///
/// Ranges are offsets from the pointer that each call is given.
enum JSONWalker {
    typealias Bytes = UnsafePointer<UInt8>

    struct Item {
        /// What stands between the quotes of an object's key; nil in a list.
        let key: Range<Int>?
        let value: Range<Int>
        /// Where the next item begins.
        let next: Int
        let isLast: Bool
    }

    /// The item of a list, or the member of an object, that begins at or behind `index`.
    static func item(in bytes: Bytes, at index: Int, end: Int) -> Item? {
        let start = skipSpace(bytes, index, end)
        guard start < end, bytes[start] != UInt8(ascii: "]"), bytes[start] != UInt8(ascii: "}")
        else { return nil }
        let stop = endOfValue(bytes, start, end)
        guard stop > start else { return nil }
        var key: Range<Int>?
        var value = start..<stop
        let colon = skipSpace(bytes, stop, end)
        if bytes[start] == UInt8(ascii: "\""), colon < end, bytes[colon] == UInt8(ascii: ":") {
            let valueStart = skipSpace(bytes, colon + 1, end)
            let valueStop = endOfValue(bytes, valueStart, end)
            guard valueStop > valueStart, stop - start >= 2 else { return nil }
            key = start + 1..<stop - 1
            value = valueStart..<valueStop
        }
        let next = skipSpace(bytes, value.upperBound, end)
        let isLast = next >= end || bytes[next] != UInt8(ascii: ",")
        return Item(key: key, value: value, next: isLast ? next : next + 1, isLast: isLast)
    }

    /// The member of an object, or the item of a list, that a step names.
    static func member(_ step: PathStep, in bytes: Bytes, _ range: Range<Int>) -> Range<Int>? {
        guard let first = range.isEmpty ? nil : bytes[range.lowerBound] else { return nil }
        let isList = first == UInt8(ascii: "[")
        guard first == UInt8(ascii: "{") || (isList && step.index != nil) else { return nil }
        var index = range.lowerBound + 1
        var count = 0
        while let item = item(in: bytes, at: index, end: range.upperBound) {
            let isWanted =
                isList
                ? count == step.index : item.key.map { isKey(bytes, $0, step.name) } ?? false
            if isWanted { return item.value }
            guard !item.isLast else { return nil }
            count += 1
            index = item.next
        }
        return nil
    }

    static func isKey(_ bytes: Bytes, _ raw: Range<Int>, _ name: [UInt8]) -> Bool {
        let key = UnsafeBufferPointer(start: bytes + raw.lowerBound, count: raw.count)
        return key.contains(UInt8(ascii: "\\")) ? unescaped(key) == name : key.elementsEqual(name)
    }

    private static func skipSpace(_ bytes: Bytes, _ index: Int, _ end: Int) -> Int {
        var index = index
        while index < end {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return index
            }
        }
        return index
    }

    private static func endOfValue(_ bytes: Bytes, _ start: Int, _ end: Int) -> Int {
        var index = start
        var depth = 0
        while index < end {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                index = endOfString(bytes, index, end)
                if depth == 0 { return index }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return index }
                depth -= 1
                if depth == 0 { return index + 1 }
            case UInt8(ascii: ","), UInt8(ascii: ":"), 0x20, 0x09, 0x0A, 0x0D:
                if depth == 0 { return index }
            default: break
            }
            index += 1
        }
        return end
    }

    private static func endOfString(_ bytes: Bytes, _ start: Int, _ end: Int) -> Int {
        var index = start + 1
        while index < end {
            switch bytes[index] {
            case UInt8(ascii: "\""): return index + 1
            case UInt8(ascii: "\\"): index += 2
            default: index += 1
            }
        }
        return end
    }

    /// What stands between the quotes of a JSON string, as UTF-8. A lone surrogate becomes U+FFFD.
    static func unescaped(_ raw: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(raw.count)
        var index = 0
        while index < raw.count {
            guard raw[index] == UInt8(ascii: "\\"), index + 1 < raw.count else {
                result.append(raw[index])
                index += 1
                continue
            }
            let mark = raw[index + 1]
            index += 2
            switch mark {
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "u"):
                var units = [hexadecimal(raw, index)]
                index = min(index + 4, raw.count)
                let isPair =
                    UTF16.isLeadSurrogate(units[0]) && index + 6 <= raw.count
                    && raw[index] == UInt8(ascii: "\\") && raw[index + 1] == UInt8(ascii: "u")
                if isPair {
                    let trail = hexadecimal(raw, index + 2)
                    if UTF16.isTrailSurrogate(trail) {
                        units.append(trail)
                        index += 6
                    }
                }
                result.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
            default: result.append(mark)
            }
        }
        return result
    }

    private static func hexadecimal(_ raw: UnsafeBufferPointer<UInt8>, _ index: Int) -> UInt16 {
        guard index + 4 <= raw.count else { return 0xFFFD }
        let digits = String(decoding: raw[index..<index + 4], as: UTF8.self)
        return UInt16(digits, radix: 16) ?? 0xFFFD
    }
}
