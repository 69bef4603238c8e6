/// What stands before and behind a literal.
extension BindingAnalysis {
    private static func isSign(_ byte: UInt8) -> Bool { "+-*/<>=~!@#%^&|?:".utf8.contains(byte) }

    /// Whether what comes is an expression of its own: behind `(`, `,` or a comparison. `offset`:
    /// where it begins in this text; nil: directly behind a tag, at this instruction.
    func isOpen(before offset: Int?, in index: Int) -> Bool {
        if let offset, case .text(let range) = program.instructions[index],
            let last = program.literals[range.lowerBound..<offset].lastIndex(where: {
                !SQLLexer.isSpace($0)
            })
        {
            return isOpening(last, from: range.lowerBound)
        }
        // The first turn of a loop; before the others a comma must stand.
        guard index >= 2, case .loopBatch(_, let end) = program.instructions[index - 1],
            case .text(let range) = program.instructions[index - 2],
            isOpen(before: range.upperBound, in: index - 2)
        else { return false }
        return comma(before: end - 1) != nil
    }

    private func isOpening(_ place: Int, from start: Int) -> Bool {
        func byte(_ distance: Int) -> UInt8 {
            place - distance >= start ? program.literals[place - distance] : 0x20
        }
        switch byte(0) {
        case UInt8(ascii: "("), UInt8(ascii: ","): return true
        case UInt8(ascii: "<"): return !Self.isSign(byte(1))
        case UInt8(ascii: ">"):
            return byte(1) == UInt8(ascii: "<") ? !Self.isSign(byte(2)) : !Self.isSign(byte(1))
        case UInt8(ascii: "="):
            return "<>!".utf8.contains(byte(1))
                ? !Self.isSign(byte(2)) : !Self.isSign(byte(1))
        default: return false
        }
    }

    /// The `{autocomma}` that ends a loop's turn, but for white space.
    private func comma(before end: Int) -> Int? {
        var index = end - 1
        while index > 0 {
            switch program.instructions[index] {
            case .autocomma: return index
            case .text(let range) where program.literals[range].allSatisfy(SQLLexer.isSpace):
                index -= 1
            default: return nil
            }
        }
        return nil
    }

    /// Whether the expression ends here. `offset`: in this text; nil: where the instruction begins.
    func isClosed(from offset: Int?, in index: Int) -> Bool {
        var index = index
        var offset = offset
        while index < program.instructions.count {
            switch program.instructions[index] {
            case .text(let range):
                let begin = offset ?? range.lowerBound
                let rest = program.literals[begin..<range.upperBound]
                if let next = rest.firstIndex(where: { !SQLLexer.isSpace($0) }) {
                    return isClosing(program.literals[next..<range.upperBound])
                }
                index += 1
            case .autocomma:
                // The last turn writes none: what follows the loop counts.
                guard
                    let end = program.instructions[index...].firstIndex(where: {
                        if case .loopEnd = $0 { true } else { false }
                    }), comma(before: end) == index
                else { return false }
                index = end + 1
            case .blockEnd: index += 1
            default: return false
            }
            offset = nil
        }
        return true
    }

    private func isClosing(_ text: ArraySlice<UInt8>) -> Bool {
        if ",);".utf8.contains(text.first ?? 0) { return true }
        let word = text.prefix { SQLLexer.isWordStart($0) || SQLLexer.isDigit($0) }
        return Self.closingWords.contains(SQLLexer.capitals(word))
    }
}
