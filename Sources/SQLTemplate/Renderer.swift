internal import SegmentModel

/// Runs a program over the rows of one batch.
struct Renderer {
    /// A loop that runs.
    struct Frame {
        /// From 0; the row, in a loop over the batch.
        var turn = 0
        var isLast = true
        var isBatch = false
        /// The list of an item loop, and where its next item begins.
        var list = RenderedValue.missing
        var position = 0
        var item = RenderedValue.missing
        /// Where scratch bytes of a turn begin.
        var scratchMark = 0
    }

    let program: Program
    let dialect: SQLDialect
    let rows: RenderRows
    let scope: RenderScope
    var frames: [Frame]
    var scratch: [UInt8] = []
    private var scopeValues: [RenderedValue] = []

    init(program: Program, dialect: SQLDialect, rows: RenderRows, scope: RenderScope) {
        self.program = program
        self.dialect = dialect
        self.rows = rows
        self.scope = scope
        frames = Array(repeating: Frame(), count: program.frameCount)
        scopeValues = ScopeName.allCases.map { name in
            let text =
                switch name {
                case .segmentID: scope.segmentID.description
                case .segmentName: scope.segmentName
                case .eventTime: scope.eventTime.description
                case .position: scope.position.description
                case .deliveryID: scope.deliveryID
                case .integrationName: scope.integrationName
                }
            return append(scratch: text.utf8, name.isInteger ? .number : .text)
        }
    }

    mutating func run(into output: inout [UInt8]) throws(RenderFailure) {
        var index = 0
        while index < program.instructions.count {
            switch program.instructions[index] {
            case .text(let range): output.append(contentsOf: program.literals[range])
            case .value(let expression):
                let mark = scratch.count
                let value = evaluate(expression)
                try write(value, at: index, into: &output)
                scratch.removeLast(scratch.count - mark)
            case .batchIn(let slot, let path):
                try batchIn(slot: slot, path: path, into: &output)
            case .autocomma(let frame):
                if !frames[frame].isLast {
                    output.append(UInt8(ascii: ","))
                }
            case .loopBatch(let frame, let end):
                guard beginBatch(frame) else {
                    index = end
                    continue
                }
            case .loopItems(let frame, let expression, let end):
                guard beginItems(frame, evaluate(expression)) else {
                    index = end
                    continue
                }
            case .loopEnd(let frame, let start):
                try checkSize(output)
                if nextTurn(frame) {
                    index = start + 1
                    continue
                }
            case .branch(let condition, let otherwise):
                let mark = scratch.count
                let isTrue = isTrue(evaluate(condition))
                scratch.removeLast(scratch.count - mark)
                if !isTrue {
                    index = otherwise
                    continue
                }
            case .jump(let target):
                index = target
                continue
            case .blockEnd: break
            }
            index += 1
        }
        try checkSize(output)
    }

    private func checkSize(_ output: [UInt8]) throws(RenderFailure) {
        guard output.count <= Limits.renderedQueryByteCountMax else {
            throw RenderFailure(
                message: "the rendered query is longer than "
                    + "\(Limits.renderedQueryByteCountMax) bytes",
                row: nil)
        }
    }

    /// The row of the innermost loop over the batch, for messages.
    private var currentRow: Int? {
        if program.usesOnlyProfile { return 0 }
        return frames.last(where: \.isBatch)?.turn
    }

    mutating func append(
        scratch bytes: some Sequence<UInt8>, _ kind: RenderedValue.Kind
    ) -> RenderedValue {
        let start = scratch.count
        scratch.append(contentsOf: bytes)
        return RenderedValue(kind: kind, buffer: .scratch, range: start..<scratch.count)
    }

    func buffer(of value: RenderedValue) -> [UInt8] {
        switch value.buffer {
        case .rows: rows.bytes
        case .scratch: scratch
        case .constants: program.constants
        }
    }

    func scopeValue(_ name: ScopeName) -> RenderedValue {
        switch name {
        case .segmentID: scopeValues[0]
        case .segmentName: scopeValues[1]
        case .eventTime: scopeValues[2]
        case .position: scopeValues[3]
        case .deliveryID: scopeValues[4]
        case .integrationName: scopeValues[5]
        }
    }

    // MARK: Loops

    private mutating func beginBatch(_ frame: Int) -> Bool {
        guard rows.rowCount > 0 else { return false }
        frames[frame] = Frame()
        frames[frame].isBatch = true
        frames[frame].scratchMark = scratch.count
        frames[frame].isLast = rows.rowCount == 1
        return true
    }

    /// An object's items are its values; anything but a list is a list of one.
    private mutating func beginItems(_ frame: Int, _ list: RenderedValue) -> Bool {
        guard !list.isAbsent else { return false }
        frames[frame] = Frame()
        frames[frame].list = list
        frames[frame].scratchMark = scratch.count
        guard list.kind == .json else {
            frames[frame].item = list
            return true
        }
        frames[frame].position = list.range.lowerBound + 1
        frames[frame].turn = -1
        return nextItem(frame)
    }

    private mutating func nextTurn(_ frame: Int) -> Bool {
        guard !frames[frame].isLast else {
            frames[frame].isBatch = false
            return false
        }
        scratch.removeLast(scratch.count - frames[frame].scratchMark)
        if frames[frame].isBatch {
            frames[frame].turn += 1
            frames[frame].isLast = frames[frame].turn + 1 == rows.rowCount
            return true
        }
        return nextItem(frame)
    }

    private mutating func nextItem(_ frame: Int) -> Bool {
        let list = frames[frame].list
        let bytes = buffer(of: list)
        guard
            let item = JSONWalker.item(
                in: bytes, at: frames[frame].position, end: list.range.upperBound)
        else { return false }
        frames[frame].turn += 1
        frames[frame].position = item.next
        frames[frame].isLast = item.isLast
        frames[frame].item = jsonValue(in: list.buffer, item.value)
        return true
    }

    // MARK: Writing

    private mutating func batchIn(
        slot: Int, path: [PathStep], into output: inout [UInt8]
    ) throws(RenderFailure) {
        var distinct = DistinctValues(capacity: rows.rowCount)
        let mark = scratch.count
        var isFirst = true
        for row in 0..<rows.rowCount {
            let value = field(row: row, slot: slot, path: path)
            guard !value.isAbsent else { continue }
            guard distinct.insert(value, of: self) else { continue }
            if !isFirst {
                output.append(UInt8(ascii: ","))
            }
            isFirst = false
            try writeLiteral(value, isEnclosed: false, row: row, into: &output)
            try checkSize(output)
        }
        scratch.removeLast(scratch.count - mark)
        if isFirst {
            output.append(contentsOf: "NULL".utf8)
        }
    }

    private func write(
        _ value: RenderedValue, at index: Int, into output: inout [UInt8]
    ) throws(RenderFailure) {
        switch program.placements[index] {
        case .literal(let isEnclosed):
            try writeLiteral(value, isEnclosed: isEnclosed, row: currentRow, into: &output)
        case .string(let form):
            try writeContent(value, form, row: currentRow, into: &output)
        case .identifier: output.append(contentsOf: buffer(of: value)[value.range])
        case nil: preconditionFailure("every value of a compiled template has a place")
        }
    }

    private func writeLiteral(
        _ value: RenderedValue, isEnclosed: Bool, row: Int?, into output: inout [UInt8]
    ) throws(RenderFailure) {
        switch value.kind {
        case .missing, .null: output.append(contentsOf: "NULL".utf8)
        case .true: output.append(contentsOf: dialect.trueLiteral)
        case .false: output.append(contentsOf: dialect.falseLiteral)
        case .number: try writeNumber(value, isEnclosed: isEnclosed, row: row, into: &output)
        case .text, .json:
            output.append(contentsOf: dialect.literalPrefix)
            output.append(dialect.apostrophe.quote)
            try writeContent(value, dialect.apostrophe, row: row, into: &output)
            output.append(dialect.apostrophe.quote)
        }
    }

    /// A minus sign must not meet an operator, a cast or a word: parentheses keep it apart.
    private func writeNumber(
        _ value: RenderedValue, isEnclosed: Bool, row: Int?, into output: inout [UInt8]
    ) throws(RenderFailure) {
        let bytes = buffer(of: value)
        guard bytes[value.range.lowerBound] == UInt8(ascii: "-") else {
            output.append(contentsOf: bytes[value.range])
            return
        }
        let before = output.last ?? UInt8(ascii: " ")
        if SQLLexer.isWordStart(before) || SQLLexer.isDigit(before) || before == UInt8(ascii: "$") {
            throw RenderFailure(
                message: "a negative number cannot stand in a name without quotes", row: row)
        }
        let isApart = SQLLexer.isSpace(before) || before == UInt8(ascii: "(") || before == 0x2C
        if isEnclosed && isApart {
            output.append(contentsOf: bytes[value.range])
            return
        }
        output.append(UInt8(ascii: "("))
        output.append(contentsOf: bytes[value.range])
        output.append(UInt8(ascii: ")"))
    }

    /// Inside of a string.
    private func writeContent(
        _ value: RenderedValue, _ form: SQLDialect.StringForm, row: Int?,
        into output: inout [UInt8]
    ) throws(RenderFailure) {
        switch value.kind {
        case .missing, .null: return
        case .true: output.append(contentsOf: "true".utf8)
        case .false: output.append(contentsOf: "false".utf8)
        case .number, .text, .json:
            let isWhole = Self.escape(buffer(of: value), value.range, form, into: &output)
            guard isWhole else {
                throw RenderFailure(
                    message: "a value holds the character U+0000, which \(dialect.title) text "
                        + "cannot store",
                    row: row)
            }
        }
    }

    /// False at a NUL byte.
    private static func escape(
        _ bytes: [UInt8], _ range: Range<Int>, _ form: SQLDialect.StringForm,
        into output: inout [UInt8]
    ) -> Bool {
        let backslash = UInt8(ascii: "\\")
        var start = range.lowerBound
        for index in range {
            let byte = bytes[index]
            if byte == form.quote {
                output.append(contentsOf: bytes[start..<index])
                output.append(form.isQuoteBackslashed ? backslash : byte)
                start = index
            } else if byte == backslash && form.hasBackslash {
                output.append(contentsOf: bytes[start..<index])
                output.append(backslash)
                start = index
            } else if byte == 0 {
                return false
            }
        }
        output.append(contentsOf: bytes[start..<range.upperBound])
        return true
    }
}
