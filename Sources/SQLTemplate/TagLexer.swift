/// A fault inside one tag.
struct TagFault: Error {
    let offset: Int
    let message: String
    var hint: String?
    var rule = "syntax"
}

struct TagToken {
    enum Kind: Hashable {
        case name(String)
        /// Without its `$`.
        case variable(String)
        case text([UInt8])
        case number([UInt8])
        case symbol(String)
        case end
    }

    let kind: Kind
    let offset: Int
}

/// Cuts the inside of one tag into tokens, up to its `}`.
struct TagLexer {
    private static let notClosed =
        "this tag is not closed by }"
    private static let bracesHint = "write {{ for a brace that is text"

    private let source: [UInt8]
    private let start: Int
    /// Behind the `}`, or, after a fault, where text goes on.
    private(set) var index: Int

    /// `offset` is the byte behind the `{`.
    init(source: [UInt8], at offset: Int) {
        self.source = source
        start = offset - 1
        index = offset
    }

    static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte & 0xDF) && byte < 0x80
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    /// The tokens, the last one `.end`.
    mutating func tokens() throws(TagFault) -> [TagToken] {
        var tokens: [TagToken] = []
        while true {
            while index < source.count, [0x20, 0x09, 0x0A, 0x0D].contains(source[index]) {
                index += 1
            }
            guard index < source.count else {
                throw TagFault(offset: start, message: Self.notClosed, hint: Self.bracesHint)
            }
            let offset = index
            if source[index] == UInt8(ascii: "}") {
                index += 1
                tokens.append(TagToken(kind: .end, offset: offset))
                return tokens
            }
            let isPathStep = tokens.last?.kind == .symbol(".")
            tokens.append(TagToken(kind: try kind(isPathStep: isPathStep), offset: offset))
        }
    }

    private mutating func kind(isPathStep: Bool) throws(TagFault) -> TagToken.Kind {
        let byte = source[index]
        if byte == UInt8(ascii: "\"") { return .text(try text()) }
        if byte == UInt8(ascii: "$") {
            index += 1
            return .variable(name())
        }
        if Self.isDigit(byte) && !isPathStep { return .number(number()) }
        if byte == UInt8(ascii: "-"), index + 1 < source.count, Self.isDigit(source[index + 1]) {
            return .number(number())
        }
        if Self.isNameByte(byte) { return .name(name()) }
        return .symbol(try symbol())
    }

    private mutating func name() -> String {
        let start = index
        while index < source.count,
            Self.isNameByte(source[index])
                || (source[index] == UInt8(ascii: "-") && index > start)
        {
            index += 1
        }
        return String(decoding: source[start..<index], as: UTF8.self)
    }

    /// Digits, letters and dots; the parser checks the grammar.
    private mutating func number() -> [UInt8] {
        let start = index
        index += 1
        while index < source.count {
            let byte = source[index]
            let isSign = byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
            let isExponent = source[index - 1] | 0x20 == UInt8(ascii: "e")
            guard
                Self.isNameByte(byte) || byte == UInt8(ascii: ".") || (isSign && isExponent)
            else { break }
            index += 1
        }
        return Array(source[start..<index])
    }

    private mutating func text() throws(TagFault) -> [UInt8] {
        let start = index
        index += 1
        var bytes: [UInt8] = []
        while index < source.count {
            switch source[index] {
            case UInt8(ascii: "\""):
                index += 1
                return bytes
            case UInt8(ascii: "\\") where index + 1 < source.count:
                guard [UInt8(ascii: "\""), UInt8(ascii: "\\")].contains(source[index + 1]) else {
                    throw TagFault(
                        offset: index, message: "a backslash in a text escapes only \" and \\",
                        hint: "write \\\\ for a backslash")
                }
                bytes.append(source[index + 1])
                index += 2
            default:
                bytes.append(source[index])
                index += 1
            }
        }
        throw TagFault(offset: start, message: "this text in a tag is not closed by \"")
    }

    private mutating func symbol() throws(TagFault) -> String {
        let byte = source[index]
        let next: UInt8? = index + 1 < source.count ? source[index + 1] : nil
        if next == UInt8(ascii: "="), "=!<>".utf8.contains(byte) {
            index += 2
            return String(decoding: [byte, 0x3D], as: UTF8.self)
        }
        if ".,=<>()".utf8.contains(byte) {
            index += 1
            return String(decoding: [byte], as: UTF8.self)
        }
        if byte == UInt8(ascii: "{") {
            throw TagFault(offset: start, message: Self.notClosed, hint: Self.bracesHint)
        }
        let offset = index
        index += 1
        throw TagFault(
            offset: offset, message: "a tag cannot hold this character", hint: Self.bracesHint)
    }
}
