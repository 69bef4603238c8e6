internal import SegmentModel

/// Writing values so that they stay values (INV-7).
extension Renderer {
    @inline(__always)
    mutating func write(_ value: RenderedValue, _ placement: Placement) throws(RenderFailure) {
        switch placement {
        case .literal(let isEnclosed): try writeLiteral(value, isEnclosed: isEnclosed)
        case .string(let form): try writeContent(value, form)
        case .identifier: output.append(base(of: value) + value.range.lowerBound, value.range.count)
        }
    }

    /// A complete literal.
    mutating func writeLiteral(
        _ value: RenderedValue, isEnclosed: Bool, row: Int? = nil
    ) throws(RenderFailure) {
        switch value.kind {
        case .missing, .null: output.append("NULL")
        case .true: output.append(contentsOf: dialect.trueLiteral)
        case .false: output.append(contentsOf: dialect.falseLiteral)
        case .number: try writeNumber(value, isEnclosed: isEnclosed, row: row)
        case .text, .json, .date:
            if value.kind == .date, dialect.timeForm == .keyword {
                output.append(value.range.count == 10 ? "DATE " : "TIMESTAMP ")
            }
            try writeQuoted(value, row: row)
        }
    }

    /// The value's text as a complete literal, whatever kind of value it is.
    private mutating func writeQuoted(_ value: RenderedValue, row: Int?) throws(RenderFailure) {
        if let countMax = dialect.literalByteCountMax, value.range.count > countMax {
            return try writePieces(value, countMax, row: row)
        }
        var form = dialect.apostrophe
        form.lacksNational = dialect.hasNationalStrings
        stringStart = output.count
        output.append(form.quote)
        try writeContent(value, form, row: row)
        output.append(form.quote)
    }

    /// A text that is too long for one literal: `TO_CLOB('…')||TO_CLOB('…')`, cut between
    /// characters.
    private mutating func writePieces(
        _ value: RenderedValue, _ countMax: Int, row: Int?
    ) throws(RenderFailure) {
        var start = value.range.lowerBound
        output.append("(")
        while start < value.range.upperBound {
            var end = min(start + countMax, value.range.upperBound)
            let bytes = base(of: value)
            while end < value.range.upperBound, end > start + 1, bytes[end] & 0xC0 == 0x80 {
                end -= 1
            }
            if start > value.range.lowerBound { output.append("||") }
            output.append("TO_CLOB('")
            try writeContent(
                RenderedValue(kind: .text, buffer: value.buffer, range: start..<end),
                dialect.apostrophe, row: row)
            output.append("')")
            start = end
        }
        output.append(")")
    }

    /// A minus sign must not meet an operator, a cast or a word: parentheses keep it apart.
    private mutating func writeNumber(
        _ value: RenderedValue, isEnclosed: Bool, row: Int?
    ) throws(RenderFailure) {
        let bytes = base(of: value) + value.range.lowerBound
        if Self.isDigits(bytes, value.range.count) {
            return output.append(bytes, value.range.count)
        }
        // What stands bare is looked at once more, wherever it comes from.
        guard DecimalText.isNumber(UnsafeBufferPointer(start: bytes, count: value.range.count))
        else { throw RenderFailure(message: "a number is none", row: row ?? currentRow) }
        guard bytes[0] == UInt8(ascii: "-") else {
            return output.append(bytes, value.range.count)
        }
        let before = output.last ?? UInt8(ascii: " ")
        if SQLLexer.isWordStart(before) || SQLLexer.isDigit(before) || before == UInt8(ascii: "$") {
            throw RenderFailure(
                message: "a negative number cannot stand in a name without quotes",
                row: row ?? currentRow)
        }
        let isApart = SQLLexer.isSpace(before) || before == UInt8(ascii: "(") || before == 0x2C
        if isEnclosed && isApart {
            return output.append(bytes, value.range.count)
        }
        output.append(UInt8(ascii: "("))
        output.append(bytes, value.range.count)
        output.append(UInt8(ascii: ")"))
    }

    @inline(__always)
    private static func isDigits(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        for index in 0..<count where !SQLLexer.isDigit(bytes[index]) { return false }
        return count > 0
    }

    /// Inside of a string.
    @inline(__always)
    mutating func writeContent(
        _ value: RenderedValue, _ form: SQLDialect.StringForm, row: Int? = nil
    ) throws(RenderFailure) {
        switch value.kind {
        case .missing, .null: return
        case .true: output.append("true")
        case .false: output.append("false")
        case .date: writeMoment(value)
        case .number, .text, .json:
            guard dialect.hasNationalStrings || dialect.literalByteCountMax != nil else {
                return try escape(value, form, row)
            }
            try writeGuarded(value, form, row)
        }
    }

    @inline(__always)
    private mutating func escape(
        _ value: RenderedValue, _ form: SQLDialect.StringForm, _ row: Int?
    ) throws(RenderFailure) {
        let count = value.range.count
        output.reserve(count * 2)
        let source = base(of: value) + value.range.lowerBound
        let target = output.base + output.count
        let quote = form.quote
        let escapesQuote = form.isQuoteBackslashed ? UInt8(ascii: "\\") : quote
        // Where a backslash is a character like others the quote stands in for it.
        let backslash = form.hasBackslash ? UInt8(ascii: "\\") : quote
        var written = 0
        for index in 0..<count {
            let byte = source[index]
            if byte == quote {
                target[written] = escapesQuote
                written += 1
            } else if byte == backslash {
                target[written] = backslash
                written += 1
            } else if byte == 0 {
                throw zeroFailure(row)
            }
            target[written] = byte
            written += 1
        }
        output.advance(written)
    }

    func zeroFailure(_ row: Int?) -> RenderFailure {
        RenderFailure(
            message: "a value holds the character U+0000, which \(dialect.title) text cannot store",
            row: row ?? currentRow)
    }

    /// Where more than quotes and backslashes can go wrong.
    private mutating func writeGuarded(
        _ value: RenderedValue, _ form: SQLDialect.StringForm, _ row: Int?
    ) throws(RenderFailure) {
        let count = value.range.count
        if let countMax = dialect.literalByteCountMax, count > countMax {
            throw RenderFailure(
                message: "a value is longer than the \(countMax) bytes that a string of "
                    + "\(dialect.title) holds; without quotes around its tag it is written in "
                    + "pieces",
                row: row ?? currentRow)
        }
        guard dialect.hasNationalStrings else { return try escape(value, form, row) }
        keepApart(base(of: value) + value.range.lowerBound, count)
        output.reserve(count * 4)
        let source = base(of: value) + value.range.lowerBound
        let newline = UInt8(ascii: "\n")
        var isNational = false
        for index in 0..<count {
            let byte = source[index]
            guard byte != 0 else { throw zeroFailure(row) }
            if byte >= 0x80 { isNational = true }
            if byte == form.quote { output.append(form.quote) }
            output.append(byte)
            if byte == UInt8(ascii: "\\"), Self.beginsLine(source + index + 1, count - index - 1) {
                output.append(UInt8(ascii: "\\"))
                output.append(newline)
            }
        }
        if isNational, form.lacksNational { makeNational() }
    }

    /// Puts an `N` before the string that is open, once: without it characters beyond the code page
    /// of the database become question marks, and an `N` where none is needed can keep an index
    /// from being used.
    private mutating func makeNational() {
        guard stringStart >= 0 else { return }
        output.insert(UInt8(ascii: "N"), at: stringStart)
        let before = stringStart > 0 ? output.base[stringStart - 1] : UInt8(ascii: " ")
        if !SQLLexer.isSpace(before), !"(,=".utf8.contains(before) {
            output.insert(UInt8(ascii: " "), at: stringStart)
        }
        stringStart = -1
    }

    /// Where a backslash before a line's end takes both away, `\` and a line's end of its own
    /// between them leave what is meant. What was written last can be the backslash, or the
    /// backslash and the first half of CR LF.
    mutating func keepApart(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
        let isBehindReturn = output.last == UInt8(ascii: "\r")
        let place = output.count - (isBehindReturn ? 2 : 1)
        guard place >= 0, output.base[place] == UInt8(ascii: "\\") else { return }
        let joins =
            isBehindReturn
            ? count > 0 && bytes[0] == UInt8(ascii: "\n") : Self.beginsLine(bytes, count)
        guard joins else { return }
        output.append(UInt8(ascii: "\\"))
        output.append(UInt8(ascii: "\n"))
    }

    private static func beginsLine(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        guard count > 0 else { return false }
        if bytes[0] == UInt8(ascii: "\n") { return true }
        return count > 1 && bytes[0] == UInt8(ascii: "\r") && bytes[1] == UInt8(ascii: "\n")
    }

    /// A date in the form that the dialect reads.
    mutating func writeMoment(_ value: RenderedValue) {
        let bytes = base(of: value) + value.range.lowerBound
        let count = value.range.count
        guard dialect.timeForm != .rfc3339, count > 10 else { return output.append(bytes, count) }
        output.append(bytes, 10)
        output.append(dialect.timeForm == .withoutZone ? UInt8(ascii: "T") : UInt8(ascii: " "))
        output.append(bytes + 11, count - 12)
    }

    // MARK: batch_in

    /// Each value once, in first-seen order, as the text that it is in quotes: so that one query
    /// finds what another one stored, whatever the value's type. A bare `0` would equal every text
    /// on MySQL, and `1.10` be another text than the digits that were sent.
    ///
    /// Three allocations for a batch of any size.
    mutating func batchIn(at index: Int) throws(RenderFailure) {
        guard case .batchIn(let slot, let path) = program.instructions[index] else { return }
        var distinct = DistinctValues(capacity: pointers.rowCount)
        let mark = scratch.count
        var isFirst = true
        for row in 0..<pointers.rowCount {
            let value = field(row: row, slot: slot, path: path)
            guard !value.isAbsent else { continue }
            guard distinct.insert(value, bases) else { continue }
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            try writeQuoted(value, row: row)
            try checkSize()
        }
        scratch.truncate(to: mark)
        if isFirst { output.append("NULL") }
    }
}
