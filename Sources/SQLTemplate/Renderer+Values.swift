internal import SegmentModel

/// Evaluating expressions.
extension Renderer {
    mutating func evaluate(_ expression: Expression) -> RenderedValue {
        switch expression {
        case .constant(let value): return value
        case .scope(let name): return scopeValue(name)
        case .field(let frame, let slot, let path):
            return field(row: frame.map { frames[$0].turn } ?? 0, slot: slot, path: path)
        case .item(let frame, let path): return walk(frames[frame].item, path)
        case .index(let frame):
            return append(scratch: String(frames[frame].turn).utf8, .number)
        case .call(let function, let arguments):
            var values: [RenderedValue] = []
            for argument in arguments {
                values.append(evaluate(argument))
            }
            return call(function, values)
        case .formatted(let inner, let format):
            return formatted(evaluate(inner), format)
        case .selection(let inner, let path, let isList):
            return select(path, in: evaluate(inner), isList: isList)
        case .not(let inner): return .boolean(!isTrue(evaluate(inner)))
        case .exists(let inner): return .boolean(!evaluate(inner).isAbsent)
        case .all(let parts):
            for part in parts where !isTrue(evaluate(part)) {
                return .boolean(false)
            }
            return .boolean(true)
        case .any(let parts):
            for part in parts where isTrue(evaluate(part)) {
                return .boolean(true)
            }
            return .boolean(false)
        case .compare(let comparison, let left, let right):
            let first = evaluate(left)
            return .boolean(compare(comparison, first, evaluate(right)))
        }
    }

    @inline(__always)
    func field(row: Int, slot: Int) -> RenderedValue {
        let value = pointers.values[row * pointers.slotCount + slot]
        guard !value.isMissing else { return .missing }
        let kind: RenderedValue.Kind =
            switch value.kind {
            case .null: .null
            case .false: .false
            case .true: .true
            case .number: .number
            case .text: .text
            case .json: .json
            }
        return RenderedValue(kind: kind, buffer: .rows, range: value.bytes.range)
    }

    mutating func field(row: Int, slot: Int, path: [PathStep]) -> RenderedValue {
        walk(field(row: row, slot: slot), path)
    }

    private mutating func walk(_ value: RenderedValue, _ path: [PathStep]) -> RenderedValue {
        guard !path.isEmpty else { return value }
        guard value.kind == .json else { return .missing }
        var range = value.range
        let bytes = base(of: value)
        for step in path {
            guard let next = JSONWalker.member(step, in: bytes, range) else { return .missing }
            range = next
        }
        return jsonValue(in: value.buffer, range)
    }

    /// A JSON text as a value; a string with escapes is unescaped into scratch.
    mutating func jsonValue(in buffer: RenderedValue.Buffer, _ range: Range<Int>) -> RenderedValue {
        let bytes = base(of: RenderedValue(kind: .json, buffer: buffer, range: range))
        guard let first = range.isEmpty ? nil : bytes[range.lowerBound] else { return .missing }
        switch first {
        case UInt8(ascii: "n"): return RenderedValue(kind: .null)
        case UInt8(ascii: "t"): return .boolean(true)
        case UInt8(ascii: "f"): return .boolean(false)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            return RenderedValue(kind: .json, buffer: buffer, range: range)
        case UInt8(ascii: "\""):
            let inner = range.lowerBound + 1..<max(range.lowerBound + 1, range.upperBound - 1)
            let raw = UnsafeBufferPointer(start: bytes + inner.lowerBound, count: inner.count)
            guard raw.contains(UInt8(ascii: "\\")) else {
                return RenderedValue(kind: .text, buffer: buffer, range: inner)
            }
            return append(scratch: JSONWalker.unescaped(raw), .text)
        default:
            let digits = UnsafeBufferPointer(start: bytes + range.lowerBound, count: range.count)
            guard DecimalText.isNumber(digits) else { return .missing }
            return RenderedValue(kind: .number, buffer: buffer, range: range)
        }
    }

    /// What stands in JSON text that is neither a list nor an object, as `json` makes it.
    mutating func unwrapped(_ value: RenderedValue) -> RenderedValue {
        guard value.kind == .json, !isContainer(value) else { return value }
        return jsonValue(in: value.buffer, value.range)
    }

    private func isContainer(_ value: RenderedValue) -> Bool {
        guard !value.range.isEmpty else { return false }
        let first = base(of: value)[value.range.lowerBound]
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    }

    // MARK: Conditions

    /// False: missing, null, false, zero, and an empty text, list or object.
    mutating func isTrue(_ value: RenderedValue) -> Bool {
        let value = unwrapped(value)
        return switch value.kind {
        case .missing, .null, .false: false
        case .true, .date: true
        case .number: !(DecimalText(bytes(of: value))?.isZero ?? true)
        case .text: !value.range.isEmpty
        case .json:
            JSONWalker.item(
                in: base(of: value), at: value.range.lowerBound + 1, end: value.range.upperBound)
                != nil
        }
    }

    private mutating func compare(
        _ comparison: Comparison, _ left: RenderedValue, _ right: RenderedValue
    ) -> Bool {
        switch comparison {
        case .equal: isEqual(left, right)
        case .notEqual: !isEqual(left, right)
        case .less: order(left, right).map { $0 < 0 } ?? false
        case .lessOrEqual: order(left, right).map { $0 <= 0 } ?? false
        case .greater: order(left, right).map { $0 > 0 } ?? false
        case .greaterOrEqual: order(left, right).map { $0 >= 0 } ?? false
        case .contains: contains(left, right)
        case .isIn: contains(right, left)
        }
    }

    private func isEqual(_ left: RenderedValue, _ right: RenderedValue) -> Bool {
        if left.isAbsent || right.isAbsent { return false }
        if left.kind == .number || right.kind == .number, let order = order(left, right) {
            return order == 0
        }
        return bytes(of: left).elementsEqual(bytes(of: right))
    }

    /// As numbers if one is a number, as text if neither is; nil if they cannot be compared.
    private func order(_ left: RenderedValue, _ right: RenderedValue) -> Int? {
        if left.isAbsent || right.isAbsent { return nil }
        let first = bytes(of: left)
        let second = bytes(of: right)
        if left.kind == .number || right.kind == .number {
            if let leftNumber = Self.smallInteger(first),
                let rightNumber = Self.smallInteger(second)
            {
                return (leftNumber > rightNumber ? 1 : 0) - (leftNumber < rightNumber ? 1 : 0)
            }
            guard let leftNumber = DecimalText(first), let rightNumber = DecimalText(second) else {
                return nil
            }
            return leftNumber.compared(to: rightNumber)
        }
        if first.elementsEqual(second) { return 0 }
        return first.lexicographicallyPrecedes(second) ? -1 : 1
    }

    /// Up to 18 digits without a sign, which need no decimal arithmetic.
    private static func smallInteger(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        guard (1...18).contains(bytes.count) else { return nil }
        var number = 0
        for byte in bytes {
            guard SQLLexer.isDigit(byte) else { return nil }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return bytes.count > 1 && bytes[0] == UInt8(ascii: "0") ? nil : number
    }

    /// A text contains a part, a list an item, an object a key.
    private mutating func contains(_ whole: RenderedValue, _ part: RenderedValue) -> Bool {
        let whole = unwrapped(whole)
        if whole.isAbsent || part.isAbsent { return false }
        guard whole.kind == .json else {
            return ByteSearch.contains(bytes(of: part), in: bytes(of: whole))
        }
        if base(of: whole)[whole.range.lowerBound] == UInt8(ascii: "{") {
            let key = PathStep(String(decoding: bytes(of: part), as: UTF8.self))
            return JSONWalker.member(key, in: base(of: whole), whole.range) != nil
        }
        var position = whole.range.lowerBound + 1
        let mark = scratch.count
        defer { scratch.truncate(to: mark) }
        while let item = JSONWalker.item(
            in: base(of: whole), at: position, end: whole.range.upperBound)
        {
            if isEqual(jsonValue(in: whole.buffer, item.value), part) { return true }
            guard !item.isLast else { return false }
            scratch.truncate(to: mark)
            position = item.next
        }
        return false
    }
}
