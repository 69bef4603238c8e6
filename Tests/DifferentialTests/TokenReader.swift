import Connector
import KindTesting
import SegmentModel

/// Reads complete SQL as SQL Server or Oracle does, by their manuals, written apart from the
/// compiler: its tokens in the place of rows, a string's content decoded.
final class TokenReader: StatementReader {
    private let rules: SQLRules

    init(_ rules: SQLRules) { self.rules = rules }

    func isWhole() async throws -> Bool { true }
    func makeTables() async throws {}
    func close() async {}

    func outcome(of statements: [[UInt8]], _ frame: TriedTemplate.Frame) async throws -> Outcome {
        var rows: [[String?]] = []
        for sql in statements {
            var tokens = TokenScan(sql, rules)
            guard tokens.run() else {
                return .failure(code: "open", class: .permanent, message: "open at the end")
            }
            rows.append(TokenScan.joined(tokens.cells))
        }
        return .rows(rows)
    }
}

struct TokenScan {
    private let bytes: [UInt8]
    private let rules: SQLRules
    private var index = 0
    /// `string:…`, `number:…`, `name:…`, `word:…`, or a symbol.
    private(set) var cells: [String] = []

    init(_ bytes: [UInt8], _ rules: SQLRules) {
        self.bytes = bytes
        self.rules = rules
    }

    private var isServer: Bool { rules.kind == .mssql }

    private func at(_ distance: Int) -> UInt8? {
        index + distance < bytes.count ? bytes[index + distance] : nil
    }

    private func begins(_ text: String) -> Bool { bytes[index...].starts(with: text.utf8) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    /// False where something is open at the end.
    mutating func run() -> Bool {
        while let byte = at(0) {
            if byte <= 0x20 || begins("\u{A0}") && isServer {
                index += byte <= 0x20 ? 1 : 2
            } else if begins("--") {
                while let byte = at(0), byte != 0x0A { index += 1 }
            } else if begins("/*") {
                guard comment() else { return false }
            } else if byte == UInt8(ascii: "'") {
                guard string(isNational: false) else { return false }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "[") && isServer {
                guard quoted(byte) else { return false }
            } else if Self.isDigit(byte) {
                number()
            } else if Self.isLetter(byte) || isServer && "@#".utf8.contains(byte) {
                guard word() else { return false }
            } else {
                cells.append(text(index..<index + 1))
                index += 1
            }
        }
        return true
    }

    private mutating func comment() -> Bool {
        var depth = 0
        repeat {
            if begins("/*"), depth == 0 || isServer {
                depth += 1
                index += 2
            } else if begins("*/") {
                depth -= 1
                index += 2
            } else if index < bytes.count {
                index += 1
            } else {
                return false
            }
        } while depth > 0
        return true
    }

    /// What stands between the quote here and the next one that is not doubled; nil if none does.
    private mutating func content(_ close: UInt8, doubles: Bool = true) -> [UInt8]? {
        var content: [UInt8] = []
        index += 1
        while let byte = at(0) {
            index += 1
            guard byte == close else {
                content.append(byte)
                continue
            }
            guard doubles, at(0) == close else { return content }
            content.append(byte)
            index += 1
        }
        return nil
    }

    private mutating func string(isNational: Bool) -> Bool {
        guard var content = content(UInt8(ascii: "'")) else { return false }
        if isServer {
            content = Self.withoutContinuations(content)
            // Of another character set, in which all these are lost.
            if !isNational { content = content.map { $0 < 0x80 ? $0 : UInt8(ascii: "?") } }
        }
        cells.append("string:" + String(decoding: content, as: UTF8.self))
        return true
    }

    private static func withoutContinuations(_ content: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        var index = 0
        while index < content.count {
            let rest = content[index...]
            if rest.starts(with: "\\\r\n".utf8) {
                index += 3
            } else if rest.starts(with: "\\\n".utf8) {
                index += 2
            } else {
                kept.append(content[index])
                index += 1
            }
        }
        return kept
    }

    private mutating func quoted(_ open: UInt8) -> Bool {
        let close = open == UInt8(ascii: "[") ? UInt8(ascii: "]") : open
        guard let content = content(close, doubles: isServer) else { return false }
        let isString = open == UInt8(ascii: "\"") && rules.settings.contains(.doubleQuotedStrings)
        cells.append((isString ? "string:" : "name:") + String(decoding: content, as: UTF8.self))
        return true
    }

    private mutating func number() {
        let start = index
        while let byte = at(0) {
            let isSign =
                "+-".utf8.contains(byte) && bytes[index - 1] | 0x20 == UInt8(ascii: "e")
                && !begins("0x")
            guard Self.isLetter(byte) || Self.isDigit(byte) || byte == UInt8(ascii: ".") || isSign
            else { break }
            index += 1
        }
        cells.append("number:" + text(start..<index))
    }

    private mutating func word() -> Bool {
        let start = index
        while let byte = at(0),
            Self.isLetter(byte) || Self.isDigit(byte) || "$#@".utf8.contains(byte)
        {
            index += 1
        }
        let word = text(start..<index).uppercased()
        guard at(0) == UInt8(ascii: "'") else {
            cells.append("word:" + word)
            return true
        }
        if word == "N" { return string(isNational: true) }
        if !isServer, word == "Q" || word == "NQ" { return alternative() }
        cells.append("word:" + word)
        return true
    }

    /// Oracle's `q'[…]'`, at the quote.
    private mutating func alternative() -> Bool {
        guard let open = at(1) else { return false }
        let pairs: [UInt8: UInt8] = [0x5B: 0x5D, 0x28: 0x29, 0x7B: 0x7D, 0x3C: 0x3E]
        var mark = [pairs[open] ?? open]
        while open >= 0x80, let next = at(1 + mark.count), next & 0xC0 == 0x80 { mark.append(next) }
        let close = mark + [UInt8(ascii: "'")]
        index += 1 + mark.count
        let start = index
        while index < bytes.count {
            if bytes[index...].starts(with: close) {
                cells.append("string:" + text(start..<index))
                index += close.count
                return true
            }
            index += 1
        }
        return false
    }

    // MARK: Numbers

    /// A number's own sign and the parentheses around it belong to it.
    static func joined(_ cells: [String]) -> [String?] {
        var joined: [String] = []
        for cell in cells {
            joined.append(cell)
            while joinEnd(&joined) {}
        }
        return joined
    }

    private static func joinEnd(_ cells: inout [String]) -> Bool {
        guard let last = cells.last else { return false }
        if cells.count >= 3, last == ")", cells[cells.count - 3] == "(",
            cells[cells.count - 2].hasPrefix("number:")
        {
            let number = cells[cells.count - 2]
            cells.removeLast(3)
            cells.append(number)
            return true
        }
        guard cells.count >= 2, last.hasPrefix("number:"), cells[cells.count - 2] == "-" else {
            return false
        }
        cells.removeLast(2)
        cells.append("number:-" + last.dropFirst(7))
        return true
    }
}
