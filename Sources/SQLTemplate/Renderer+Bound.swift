internal import Glibc
internal import SegmentModel

/// Putting values beside the text instead of into it.
extension Renderer {
    /// nil: a value is of a kind that has another type in the text than a parameter would get.
    mutating func bind(
        _ plan: BoundPlan, _ scope: RenderScope, _ shapes: inout BoundShapes
    ) throws(RenderFailure) -> BoundQuery? {
        let perQuery = plan.shared.count + pointers.rowCount * plan.columns.count
        guard plan.isRowWise || perQuery <= dialect.binding?.valueCountMax ?? 0 else { return nil }
        var values = BoundValues(capacity: perQuery + (plan.list == nil ? 0 : pointers.rowCount))
        var types = BoundTypes()
        for parameter in plan.shared {
            guard try bind(parameter, &values) else { return nil }
            types.shared.append(values.takeType())
        }
        guard let columnTypes = try columns(plan, &values) else { return nil }
        types.columns = columnTypes
        let listStart = values.count
        if let list = plan.list {
            guard try bindList(at: list, &values) else { return nil }
            types.list = values.takeType()
        }
        let listCount = values.count - listStart
        guard output.count <= Limits.renderedQueryByteCountMax,
            plan.isRowWise || values.count <= dialect.binding?.valueCountMax ?? 0
        else { return nil }
        let bytes = Array(written)
        let known = shapes.find(
            plan, rowCount: pointers.rowCount, listCount: listCount, types, scope.segmentID)
        let shape: BoundShape
        if let known {
            shape = known
        } else {
            shape = try makeShape(plan, types, listCount: listCount, scope.segmentID)
            shapes.keep(shape)
        }
        return BoundQuery(shape: shape, values: values.values, bytes: bytes)
    }

    /// Row by row; the type of each column, or nil.
    private mutating func columns(
        _ plan: BoundPlan, _ values: inout BoundValues
    ) throws(RenderFailure) -> [BoundShape.ValueType]? {
        let columns = plan.columns.map { plan.column($0, program) }
        var merged = Array(repeating: BoundValues.TypeSeen.none, count: columns.count)
        if program.frameCount > 0 {
            frames[0] = Frame()
            frames[0].isBatch = true
        }
        for row in 0..<pointers.rowCount {
            // Too much for one query: the text says so.
            guard output.count <= Limits.renderedQueryByteCountMax else { return nil }
            if program.frameCount > 0 { frames[0].turn = row }
            for index in columns.indices {
                let column = columns[index]
                values.seen = merged[index]
                let isBound =
                    column.slot >= 0
                    ? try bind(
                        field(row: row, slot: column.slot), isQuoted: column.isQuoted, &values)
                    : try bind(plan.columns[index], &values)
                guard isBound else { return nil }
                merged[index] = values.seen
            }
        }
        values.seen = .none
        if program.frameCount > 0 { frames[0].isBatch = false }
        return merged.map(\.type)
    }

    private mutating func bind(
        _ parameter: BoundPlan.Parameter, _ values: inout BoundValues
    ) throws(RenderFailure) -> Bool {
        let mark = scratch.count
        defer { scratch.truncate(to: mark) }
        if parameter.parts.count == 1, case .value(let index) = parameter.parts[0] {
            let value = evaluate(expression(at: index))
            try checkFailure()
            return try bind(value, isQuoted: parameter.isQuoted, &values)
        }
        let start = output.count
        for part in parameter.parts {
            switch part {
            case .text(let range): output.append(pointers.literals + range.lowerBound, range.count)
            case .value(let index):
                let value = evaluate(expression(at: index))
                try checkFailure()
                try writeRaw(value)
            }
        }
        finish(from: start, &values)
        return values.see(.text)
    }

    /// False: the value is not bound.
    @inline(__always)
    private mutating func bind(
        _ value: RenderedValue, isQuoted: Bool, _ values: inout BoundValues
    ) throws(RenderFailure) -> Bool {
        let start = output.count
        guard isQuoted || !value.isAbsent else {
            values.appendNull()
            return true
        }
        try writeRaw(value)
        finish(from: start, &values)
        guard !isQuoted else { return values.see(.text) }
        switch value.kind {
        case .missing, .null, .text, .json, .date: return values.see(.text)
        case .true, .false: return bindsBooleans && values.see(.boolean)
        case .number:
            guard let integer = Self.integer(bytes(of: value)) else { return false }
            let isShort = bindsShortIntegers && Int32(exactly: integer) != nil
            return values.see(isShort ? .int32 : .int64)
        }
    }

    @inline(__always)
    private mutating func finish(from start: Int, _ values: inout BoundValues) {
        values.append(offset: start, count: output.count - start)
        output.append(0)
    }

    /// The bytes that the literal would stand for.
    @inline(__always)
    private mutating func writeRaw(_ value: RenderedValue) throws(RenderFailure) {
        switch value.kind {
        case .missing, .null: return
        case .true: output.append("true")
        case .false: output.append("false")
        case .date: writeMoment(value)
        case .number, .text, .json:
            let bytes = base(of: value) + value.range.lowerBound
            guard memchr(bytes, 0, value.range.count) == nil else { throw zeroFailure(nil) }
            output.append(bytes, value.range.count)
        }
    }

    /// As the database reads it: an optional minus sign and digits, without a leading zero.
    private static func integer(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
        let isNegative = bytes.first == UInt8(ascii: "-")
        let digits = bytes.count - (isNegative ? 1 : 0)
        guard (1...18).contains(digits) else { return nil }
        var integer: Int64 = 0
        for byte in bytes.suffix(digits) {
            guard SQLLexer.isDigit(byte) else { return nil }
            integer = integer * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return isNegative ? -integer : integer
    }

    private mutating func bindList(
        at index: Int, _ values: inout BoundValues
    ) throws(RenderFailure) -> Bool {
        guard case .batchIn(let slot, let path) = program.instructions[index] else { return false }
        var distinct = DistinctValues(capacity: pointers.rowCount)
        let (mark, before) = (scratch.count, values.count)
        defer { scratch.truncate(to: mark) }
        for row in 0..<pointers.rowCount {
            let value = field(row: row, slot: slot, path: path)
            guard !value.isAbsent, distinct.insert(value, bases) else { continue }
            guard output.count <= Limits.renderedQueryByteCountMax else { return false }
            guard try bind(value, isQuoted: true, &values) else { return false }
        }
        return values.count > before
    }

    // MARK: The text

    private mutating func makeShape(
        _ plan: BoundPlan, _ types: BoundTypes, listCount: Int, _ segment: SegmentID
    ) throws(RenderFailure) -> BoundShape {
        var order: [BoundShape.RowParameter] = []
        let one = try writeText(plan, rowCount: 1, listCount: listCount > 0 ? 1 : 0, &order)
        var nobody: [BoundShape.RowParameter] = []
        let all =
            plan.isRowWise
            ? []
            : try writeText(plan, rowCount: pointers.rowCount, listCount: listCount, &nobody)
        return BoundShape(
            sql: all, rowSQL: one, rowParameters: order, types: types,
            rowCount: pointers.rowCount, listCount: listCount, segment: segment,
            plan: plan.identity)
    }

    private mutating func writeText(
        _ plan: BoundPlan, rowCount: Int, listCount: Int, _ order: inout [BoundShape.RowParameter]
    ) throws(RenderFailure) -> [UInt8] {
        output.truncate(to: 0)
        var row = 0
        var index = 0
        if program.frameCount > 0 { frames[0] = Frame() }
        while index < plan.operations.count {
            let operation = plan.operations[index]
            index += 1
            switch operation {
            case .text(let range): output.append(pointers.literals + range.lowerBound, range.count)
            case .inlined(let instruction):
                let mark = scratch.count
                let value = evaluate(expression(at: instruction))
                try write(value, pointers.steps[instruction].placement)
                scratch.truncate(to: mark)
            case .shared(let place):
                placeholder(place)
                order.append(.shared(place))
            case .column(let place):
                placeholder(plan.shared.count + row * plan.columns.count + place)
                order.append(.column(place))
            case .list:
                for item in 0..<listCount {
                    if item > 0 { output.append(",") }
                    placeholder(plan.shared.count + rowCount * plan.columns.count + item)
                }
            case .loop: row = 0
            case .autocomma: if row + 1 < rowCount { output.append(",") }
            case .loopEnd(let start):
                row += 1
                if row < rowCount { index = start + 1 } else { row = 0 }
                if program.frameCount > 0 { frames[0].turn = row }
            }
        }
        return Array(written)
    }

    private mutating func placeholder(_ place: Int) {
        guard case .numbered(let mark)? = dialect.binding?.placeholder else {
            return output.append("?")
        }
        output.append(mark)
        output.append(contentsOf: String(place + 1).utf8)
    }
}

/// Values as they are bound, and the type of those since the last that was taken.
struct BoundValues {
    enum TypeSeen: UInt8 {
        case none, text, int32, int64, boolean

        /// Only NULLs: they take the type of their place.
        var type: BoundShape.ValueType {
            switch self {
            case .none, .text: .text
            case .int32: .int32
            case .int64: .int64
            case .boolean: .boolean
            }
        }
    }

    private(set) var values: [BoundQuery.Value] = []
    var seen = TypeSeen.none

    init(capacity: Int) { values.reserveCapacity(capacity) }

    var count: Int { values.count }

    @inline(__always)
    mutating func append(offset: Int, count: Int) {
        values.append(BoundQuery.Value(offset: UInt32(offset), count: Int32(count)))
    }

    @inline(__always)
    mutating func appendNull() { values.append(BoundQuery.Value(offset: 0, count: -1)) }

    /// False: values of two types.
    @inline(__always)
    mutating func see(_ type: TypeSeen) -> Bool {
        if seen == type { return true }
        guard seen == .none else { return false }
        seen = type
        return true
    }

    mutating func takeType() -> BoundShape.ValueType {
        defer { seen = .none }
        return seen.type
    }
}
