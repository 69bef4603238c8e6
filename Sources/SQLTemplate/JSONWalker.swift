/// Finds values in JSON text without decoding it. The text was checked when it came in; in other
/// text nothing is found, and nothing outside of it is read.
enum JSONWalker {
    struct Item {
        let value: Range<Int>
        /// Where the next item begins.
        let next: Int
        let isLast: Bool
    }

    /// The item of a list, or the value of an object's member, that begins at or behind `index`.
    static func item(in bytes: [UInt8], at index: Int, end: Int) -> Item? {
        guard let (_, value) = member(in: bytes, at: index, end: end) else { return nil }
        let next = skipSpace(bytes, value.upperBound, end)
        let isLast = next >= end || bytes[next] != UInt8(ascii: ",")
        return Item(value: value, next: isLast ? next : next + 1, isLast: isLast)
    }

    /// The member of an object, or the item of a list, that a step names.
    static func member(_ step: PathStep, in bytes: [UInt8], _ range: Range<Int>) -> Range<Int>? {
        guard let first = range.isEmpty ? nil : bytes[range.lowerBound] else { return nil }
        let isList = first == UInt8(ascii: "[")
        guard first == UInt8(ascii: "{") || (isList && step.index != nil) else { return nil }
        var index = range.lowerBound + 1
        var count = 0
        while let (key, value) = member(in: bytes, at: index, end: range.upperBound) {
            if isList ? count == step.index : key.map({ isKey(bytes[$0], step.name) }) ?? false {
                return value
            }
            count += 1
            index = skipSpace(bytes, value.upperBound, range.upperBound)
            guard index < range.upperBound, bytes[index] == UInt8(ascii: ",") else { return nil }
            index += 1
        }
        return nil
    }

    private static func isKey(_ raw: ArraySlice<UInt8>, _ name: [UInt8]) -> Bool {
        raw.contains(UInt8(ascii: "\\")) ? unescaped(raw) == name : raw.elementsEqual(name)
    }

    /// `key` is what stands between its quotes; nil in a list.
    private static func member(
        in bytes: [UInt8], at index: Int, end: Int
    ) -> (key: Range<Int>?, value: Range<Int>)? {
        let start = skipSpace(bytes, index, end)
        guard start < end, bytes[start] != UInt8(ascii: "]"), bytes[start] != UInt8(ascii: "}")
        else { return nil }
        let stop = endOfValue(bytes, start, end)
        guard stop > start else { return nil }
        let colon = skipSpace(bytes, stop, end)
        guard bytes[start] == UInt8(ascii: "\""), colon < end, bytes[colon] == UInt8(ascii: ":")
        else { return (nil, start..<stop) }
        let valueStart = skipSpace(bytes, colon + 1, end)
        let valueStop = endOfValue(bytes, valueStart, end)
        guard valueStop > valueStart, stop - start >= 2 else { return nil }
        return (start + 1..<stop - 1, valueStart..<valueStop)
    }

    private static func skipSpace(_ bytes: [UInt8], _ index: Int, _ end: Int) -> Int {
        var index = index
        while index < end, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) {
            index += 1
        }
        return index
    }

    private static func endOfValue(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int {
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

    private static func endOfString(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int {
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
    static func unescaped(_ raw: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var index = raw.startIndex
        while index < raw.endIndex {
            guard raw[index] == UInt8(ascii: "\\"), index + 1 < raw.endIndex else {
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
                index = min(index + 4, raw.endIndex)
                if UTF16.isLeadSurrogate(units[0]), raw[index...].starts(with: Array("\\u".utf8)) {
                    let trail = hexadecimal(raw, index + 2)
                    if UTF16.isTrailSurrogate(trail) {
                        units.append(trail)
                        index = min(index + 6, raw.endIndex)
                    }
                }
                result.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
            default: result.append(mark)
            }
        }
        return result
    }

    private static func hexadecimal(_ raw: ArraySlice<UInt8>, _ index: Int) -> UInt16 {
        guard index + 4 <= raw.endIndex else { return 0xFFFD }
        let digits = String(decoding: raw[index..<index + 4], as: UTF8.self)
        return UInt16(digits, radix: 16) ?? 0xFFFD
    }
}
