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

    mutating func field(row: Int, slot: Int, path: [PathStep]) -> RenderedValue {
        let value = rows.values[row * rows.slotCount + slot]
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
        let rendered = RenderedValue(kind: kind, buffer: .rows, range: value.bytes.range)
        return path.isEmpty ? rendered : walk(rendered, path)
    }

    private mutating func walk(_ value: RenderedValue, _ path: [PathStep]) -> RenderedValue {
        guard !path.isEmpty else { return value }
        guard value.kind == .json else { return .missing }
        var range = value.range
        let bytes = buffer(of: value)
        for step in path {
            guard let next = JSONWalker.member(step, in: bytes, range) else { return .missing }
            range = next
        }
        return jsonValue(in: value.buffer, range)
    }

    /// A JSON text as a value; a string with escapes is unescaped into scratch.
    mutating func jsonValue(in buffer: RenderedValue.Buffer, _ range: Range<Int>) -> RenderedValue {
        let bytes = self.buffer(of: RenderedValue(kind: .json, buffer: buffer, range: range))
        guard let first = range.isEmpty ? nil : bytes[range.lowerBound] else { return .missing }
        switch first {
        case UInt8(ascii: "n"): return RenderedValue(kind: .null)
        case UInt8(ascii: "t"): return .boolean(true)
        case UInt8(ascii: "f"): return .boolean(false)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            return RenderedValue(kind: .json, buffer: buffer, range: range)
        case UInt8(ascii: "\""):
            let inner = range.lowerBound + 1..<max(range.lowerBound + 1, range.upperBound - 1)
            guard bytes[inner].contains(UInt8(ascii: "\\")) else {
                return RenderedValue(kind: .text, buffer: buffer, range: inner)
            }
            return append(scratch: JSONWalker.unescaped(bytes[inner]), .text)
        default: return RenderedValue(kind: .number, buffer: buffer, range: range)
        }
    }

    // MARK: Conditions

    /// False: missing, null, false, zero, and an empty text, list or object.
    func isTrue(_ value: RenderedValue) -> Bool {
        switch value.kind {
        case .missing, .null, .false: false
        case .true: true
        case .number: !(DecimalText(bytes(of: value))?.isZero ?? true)
        case .text: !value.range.isEmpty
        case .json:
            JSONWalker.item(
                in: buffer(of: value), at: value.range.lowerBound + 1, end: value.range.upperBound)
                != nil
        }
    }

    func bytes(of value: RenderedValue) -> ArraySlice<UInt8> {
        switch value.kind {
        case .missing, .null: []
        case .true: Array("true".utf8)[...]
        case .false: Array("false".utf8)[...]
        case .number, .text, .json: buffer(of: value)[value.range]
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
        return bytes(of: left) == bytes(of: right)
    }

    /// As numbers if both are some, as text if neither is one; nil if they cannot be compared.
    private func order(_ left: RenderedValue, _ right: RenderedValue) -> Int? {
        if left.isAbsent || right.isAbsent { return nil }
        let first = bytes(of: left)
        let second = bytes(of: right)
        if left.kind == .number || right.kind == .number {
            guard let leftNumber = DecimalText(first), let rightNumber = DecimalText(second) else {
                return nil
            }
            return leftNumber.compared(to: rightNumber)
        }
        if first == second { return 0 }
        return first.lexicographicallyPrecedes(second) ? -1 : 1
    }

    /// A text contains a part, a list an item, an object a key.
    private mutating func contains(_ whole: RenderedValue, _ part: RenderedValue) -> Bool {
        if whole.isAbsent || part.isAbsent { return false }
        guard whole.kind == .json else {
            return ByteSearch.first(bytes(of: part), in: bytes(of: whole)) != nil
        }
        let list = buffer(of: whole)
        if list[whole.range.lowerBound] == UInt8(ascii: "{") {
            let key = PathStep(String(decoding: bytes(of: part), as: UTF8.self))
            return JSONWalker.member(key, in: list, whole.range) != nil
        }
        var position = whole.range.lowerBound + 1
        while let item = JSONWalker.item(in: list, at: position, end: whole.range.upperBound) {
            if isEqual(jsonValue(in: whole.buffer, item.value), part) { return true }
            position = item.next
        }
        return false
    }
}
