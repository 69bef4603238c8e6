/// Follows the parentheses of `INSERT … VALUES (…) ON DUPLICATE KEY UPDATE …`.
struct TupleWalk {
    let literals: [UInt8]
    private(set) var depth = 0
    private(set) var isConfused = false
    /// Tuples behind VALUES.
    private(set) var tupleCount = 0
    private var isInTuple = false
    private var isInString = false
    /// The last word, in capitals, if nothing stands behind it.
    private var word = ""
    private var last: UInt8 = 0
    private var isBehindUpdate = false

    init(literals: [UInt8]) { self.literals = literals }

    var isBehindValues: Bool { word == "VALUES" || word == "VALUE" }
    var isBehindTuple: Bool { depth == 0 && tupleCount == 1 && last == UInt8(ascii: ")") }

    var isAtColumn: Bool {
        if isInTuple && depth == 1 { return last == UInt8(ascii: "(") || last == UInt8(ascii: ",") }
        return isBehindUpdate && depth == 0 && last == UInt8(ascii: "=")
    }

    mutating func takeValue() {
        word = ""
        last = 0
    }

    mutating func take(_ range: Range<Int>) {
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = literals[index]
            index += 1
            if isInString {
                if byte == UInt8(ascii: "'") { isInString = false }
                if byte == UInt8(ascii: "\\") { isConfused = true }
                continue
            }
            if SQLLexer.isSpace(byte) { continue }
            if SQLLexer.isWordStart(byte) {
                let start = index - 1
                while index < range.upperBound,
                    SQLLexer.isWordStart(literals[index]) || SQLLexer.isDigit(literals[index])
                {
                    index += 1
                }
                word = SQLLexer.capitals(literals[start..<index])
                if word == "UPDATE", tupleCount == 1 { isBehindUpdate = true }
                last = UInt8(ascii: "a")
                continue
            }
            take(byte)
        }
        // A string goes on in the next text only around tags, which bind whole strings.
        if isInString { isConfused = true }
    }

    private mutating func take(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "("):
            if depth == 0, isBehindValues, !isBehindUpdate {
                isInTuple = true
                tupleCount += 1
            }
            depth += 1
        case UInt8(ascii: ")"):
            depth -= 1
            if depth == 0 { isInTuple = false }
            if depth < 0 { isConfused = true }
        case UInt8(ascii: "'"): isInString = true
        case UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "\\"): isConfused = true
        case UInt8(ascii: ","):
            // VALUES (…), (…)
            if depth == 0, tupleCount == 1, !isBehindUpdate { isConfused = true }
        default: break
        }
        last = byte
        word = ""
    }
}
