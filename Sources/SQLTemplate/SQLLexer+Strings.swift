/// Strings and quoted names: how they open, what escapes in them, and what they leave behind.
extension SQLLexer {
    mutating func openString(_ form: SQLDialect.StringForm, isNational: Bool = false) {
        var form = form
        if state.seams.contains(.introducer) || !form.takesValues {
            form.takesValues = false
            if dialect.facts.hasCharacterSetIntroducers { form.followers = .introduced }
        }
        form.lacksNational = dialect.facts.hasNationalStrings && !isNational
        if state.seams.contains(.afterValue) {
            report(.stringAfterValue)
        }
        if state.seams.contains(.afterEscapeString) {
            report(.stringAfterEscapeString)
        }
        state.code.takeOperand()
        state.mode = .string(form)
        state.openedAt = index
        took(1, [])
    }

    mutating func string(_ form: SQLDialect.StringForm) {
        while let byte = peek() {
            if byte == UInt8(ascii: "\\"), form.hasBackslash {
                guard skipEscape() else { return seal(.escape, from: index) }
            } else if byte == form.quote {
                guard peek(1) == form.quote else { return closeString(form) }
                index += 2
            } else {
                index += 1
            }
        }
    }

    private mutating func closeString(_ form: SQLDialect.StringForm) {
        tokens.append(SQLToken(kind: .string, range: state.openedAt..<index + 1))
        state.mode = .plain
        switch form.followers {
        case .alike: took(1, [.quote, .afterString])
        case .otherwise: took(1, [.quote, .afterString, .afterEscapeString])
        case .introduced: took(1, [.quote, .afterString, .introducer])
        }
    }

    /// Moves behind an escape; false if what comes behind the text could still be a part of it.
    private mutating func skipEscape() -> Bool {
        guard let first = peek(1) else { return false }
        index += 2
        guard let escape = dialect.facts.longEscapes.first(where: { $0.starts.contains(first) })
        else {
            return true
        }
        var value = 0
        for _ in 0..<escape.digitCountMax {
            guard let byte = peek() else { return false }
            let digit = Self.digit(byte)
            if escape.digits == .anything {
                if digit == nil { report(.unsettledEscape) }
                if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\\") { return true }
            } else if digit == nil || (escape.digits == .octal && digit ?? 0 > 7) {
                return true
            }
            value = value << 4 | (digit ?? 0)
            index += 1
        }
        // The first half of a pair wants the second directly behind it.
        let isHalf = escape.digitCountMax >= 4 && (0xD800...0xDBFF).contains(value)
        return !isHalf || peek() != nil
    }

    private static func digit(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte - 0x30)
        case 0x41...0x46: Int(byte - 0x41) + 10
        case 0x61...0x66: Int(byte - 0x61) + 10
        default: nil
        }
    }

    mutating func openIdentifier(close: UInt8) {
        state.mode = .identifier(close: close)
        state.openedAt = index
        took(1, [])
    }

    mutating func identifier(_ close: UInt8) {
        let isDoubled = close != UInt8(ascii: "]") || dialect.facts.isBracketDoubled
        while let byte = peek() {
            if byte == UInt8(ascii: "\\"), dialect.facts.hasIdentifierBackslash {
                guard skipEscape() else { return seal(.nameEscape, from: index) }
            } else if byte == close {
                guard isDoubled, peek(1) == close else {
                    let range = state.openedAt + 1..<index
                    tokens.append(SQLToken(kind: .name, range: range))
                    let name = SQLLexer.capitals(bytes[range])
                    take(state.code.takeName(name, dialect.facts.code))
                    state.mode = .plain
                    return took(1, .quote)
                }
                index += 2
            } else {
                index += 1
            }
        }
    }
}
