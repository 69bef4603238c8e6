internal import SegmentModel

/// Strings that a database reads by a grammar of their own: JSON, an array, a pattern, a moment.
/// A value in one is escaped as text of the string, and not for that grammar.
///
/// What stands between the opening quote and a tag is followed from text to text; only advice
/// depends on it, no escaping does.
struct StringAdvice {
    private struct Place {
        let expression: Expression
        let instruction: Int
        /// From the opening quote to the tag; a byte 1 stands for each tag before.
        let prefix: [UInt8]
        /// From the tag to the next one.
        let rest: ArraySlice<UInt8>
        /// The last token before the opening quote, in capitals if it is a word.
        let opener: String
    }

    let program: Program
    let source: [UInt8]
    /// By instruction: where its tag stands in the source.
    let offsets: [Int]
    let dialect: SQLDialect

    func run(_ diagnostics: inout Diagnostics) {
        var prefix: [UInt8] = []
        var opener = ""
        for (index, instruction) in program.instructions.enumerated() {
            switch instruction {
            case .text(let range):
                let text = program.literals[range]
                guard let quote = openingQuote(in: text) else {
                    prefix += text
                    continue
                }
                prefix = Array(text[(quote + 1)...])
                opener = Self.lastToken(Self.withoutPrefix(text[..<quote]))
            case .value(let expression):
                let behind = rest(behind: index)
                if Self.isOpen(expression) { cut(behind, at: index, &diagnostics) }
                guard case .string(let form)? = program.contexts[index].placement,
                    form.quote == UInt8(ascii: "'") || form.quote == UInt8(ascii: "\"")
                else { continue }
                if Self.isOpen(expression) {
                    advise(
                        Place(
                            expression: expression, instruction: index, prefix: prefix,
                            rest: behind, opener: opener), &diagnostics)
                }
                prefix.append(1)
            default: continue
            }
        }
    }

    /// Whether it can hold any text.
    private static func isOpen(_ expression: Expression) -> Bool {
        switch expression {
        case .field, .item, .selection(_, _, isList: false): true
        case .scope(let name): name == .segmentName
        case .call(let function, let parts):
            switch function {
            case .default, .first, .upper, .lower, .trim, .substring, .concat, .text:
                parts.contains(where: isOpen)
            case .length, .number, .date, .json, .jsonpath, .md5, .sha256, .replace: false
            }
        default: false
        }
    }

    private func rest(behind index: Int) -> ArraySlice<UInt8> {
        guard index + 1 < program.instructions.count,
            case .text(let range) = program.instructions[index + 1]
        else { return [] }
        return program.literals[range]
    }

    /// The quote behind which the text ends inside of a string: the last that is not doubled.
    private func openingQuote(in text: ArraySlice<UInt8>) -> Int? {
        var index = text.endIndex
        let quotes: [UInt8] = dialect.doubleQuoteString == nil ? [0x27] : [0x27, 0x22]
        let isInDouble = text.count(where: { $0 == UInt8(ascii: "'") }) % 2 == 0
        while index > text.startIndex {
            index -= 1
            let byte = text[index]
            guard quotes.contains(byte), byte == 0x27 || isInDouble else { continue }
            if index > text.startIndex, text[index - 1] == byte {
                index -= 1
                continue
            }
            return index
        }
        return nil
    }

    /// Without the letter of `N'…'` or `E'…'`.
    private static func withoutPrefix(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let last = text.last, "NnEe".utf8.contains(last) else { return text }
        let rest = text.dropLast()
        return rest.last.map(SQLLexer.isWordStart) ?? false ? text : rest
    }

    private static func lastToken(_ text: ArraySlice<UInt8>) -> String {
        guard let last = text.lastIndex(where: { !SQLLexer.isSpace($0) }) else { return "" }
        guard SQLLexer.isWordStart(text[last]) else {
            // A function's name with its parenthesis.
            guard text[last] == UInt8(ascii: "(") else { return "" }
            let name = lastToken(text[..<last])
            return name.isEmpty ? "" : name + "("
        }
        let start = text[...last].lastIndex { !SQLLexer.isWordStart($0) }
        let word = text[(start.map { $0 + 1 } ?? text.startIndex)...last]
        return SQLLexer.capitals(word)
    }

    // MARK: Advice

    private func advise(_ place: Place, _ diagnostics: inout Diagnostics) {
        if ["LIKE", "ILIKE"].contains(place.opener) {
            pattern(place, &diagnostics)
        } else if isMoment(place) {
            moment(place, &diagnostics)
        } else {
            document(place, &diagnostics)
        }
    }

    /// The tag without its braces.
    private func inside(_ place: Place) -> String {
        var isText = false
        let start = offsets[place.instruction] + 1
        let end = source[start...].firstIndex { byte in
            if byte == UInt8(ascii: "\"") { isText.toggle() }
            return byte == UInt8(ascii: "}") && !isText
        }
        return String(decoding: source[start..<(end ?? source.endIndex)], as: UTF8.self)
    }

    private func pattern(_ place: Place, _ diagnostics: inout Diagnostics) {
        let value = "{" + inside(place) + "}"
        let isBeginning = !place.prefix.contains(UInt8(ascii: "%"))
        let found = dialect.advice.place("'\(value)'", "column")
        diagnostics.warning(
            "pattern", at: offsets[place.instruction],
            "% and _ of a value stand for any characters behind LIKE, and a backslash escapes",
            hint: "write \(found) \(isBeginning ? "= 1" : "> 0")")
    }

    private func isMoment(_ place: Place) -> Bool {
        guard place.prefix.isEmpty, place.rest.first == UInt8(ascii: "'") else { return false }
        if place.opener.last == "(" {
            let name = String(place.opener.dropLast())
            if dialect.advice.momentFunctions.contains(name) { return true }
        }
        return Self.cast(behind: place.rest.dropFirst()).map {
            dialect.advice.momentTypes.contains($0.type)
        } ?? false
    }

    /// The type that a literal is cast to, by `::` or CAST, and what follows its name.
    private static func cast(
        behind text: ArraySlice<UInt8>
    ) -> (type: String, rest: Substring)? {
        let behind = text.drop(while: SQLLexer.isSpace).prefix(60)
        let words = SQLLexer.capitals(behind)
        guard words.hasPrefix("::") || words.hasPrefix("AS ") else { return nil }
        let type = words.dropFirst(words.hasPrefix("::") ? 2 : 3).drop { $0 == " " }
        let name = type.prefix { $0.isLetter || $0.isNumber }
        return (String(name), type.dropFirst(name.count).drop { $0 == " " })
    }

    /// A cast to a type with a length cuts what is longer.
    private func cut(
        _ rest: ArraySlice<UInt8>, at index: Int, _ diagnostics: inout Diagnostics
    ) {
        let isQuoted = rest.first == UInt8(ascii: "'")
        guard let (type, behind) = Self.cast(behind: isQuoted ? rest.dropFirst() : rest),
            let isAlways = dialect.advice.cuttingTypes[type]
        else { return }
        let length = behind.hasPrefix("VARYING") ? behind.dropFirst(7).drop { $0 == " " } : behind
        guard length.first == "(" || (isAlways && behind.count == length.count),
            !length.hasPrefix("(MAX"), !length.hasPrefix("(4000")
        else { return }
        diagnostics.warning(
            "cut", at: offsets[index],
            "a cast to \(type) cuts a value that is longer, without a word",
            hint: "cast to \(dialect.advice.wholeType), so that the column refuses what is too long"
        )
    }

    private func moment(_ place: Place, _ diagnostics: inout Diagnostics) {
        diagnostics.warning(
            "moment", at: offsets[place.instruction],
            "a value such as now or tomorrow is a word of \(dialect.title)'s here, and another "
                + "moment each time that the query runs",
            hint: "write '{date(\(inside(place)))}', which lets only moments pass")
    }

    private func document(_ place: Place, _ diagnostics: inout Diagnostics) {
        let before = place.prefix.drop(while: SQLLexer.isSpace)
        guard let first = before.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
        else { return }
        let quotes = before.count { $0 == UInt8(ascii: "\"") }
        let last = before.last { !SQLLexer.isSpace($0) } ?? 0
        let value = inside(place)
        if quotes % 2 == 1 {
            let isWhole = before.last == 0x22 && place.rest.first == 0x22
            diagnostics.warning(
                "json_text", at: offsets[place.instruction],
                "quotes and backslashes of a value are not escaped for the JSON text that it "
                    + "stands in",
                hint: isWhole
                    ? "write {json(text(\(value)))} in place of \"{\(value)}\""
                    : "write {json(concat(\"…\" \(value)))} in place of the whole JSON string")
        } else if first == UInt8(ascii: "{"), quotes == 0, !before.contains(UInt8(ascii: ":")) {
            guard dialect.advice.hasArrays else { return }
            diagnostics.warning(
                "array_text", at: offsets[place.instruction],
                "commas, quotes and braces of a value are not escaped for the array that it "
                    + "stands in",
                hint: "write ARRAY['{\(value)}']::text[] in place of '{{{\(value)}}}'")
        } else if ":,[".utf8.contains(last) || last == 1 {
            diagnostics.warning(
                "json_text", at: offsets[place.instruction],
                "a text has no quotes in the JSON text that it stands in",
                hint: "write {json(\(value))}")
        }
    }
}
