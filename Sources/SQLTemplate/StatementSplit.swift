internal import SegmentModel

/// Cuts a rendered query into its statements, for clients that take one at a time.
extension SQLDialect {
    /// The statements without the semicolon that parts them, in order; empty ones and comments left
    /// out. A PL/SQL block of Oracle's keeps its semicolons: `BEGIN … END;` ends with its own END,
    /// and what begins with DECLARE, or creates something that holds PL/SQL, goes on to the end.
    ///
    /// - Complexity: O(bytes).
    package func statements(in sql: [UInt8]) -> [Range<Int>] {
        var lexer = SQLLexer(
            dialect: DialectReference(self), bytes: sql, range: 0..<sql.count, state: SQLState())
        lexer.run()
        var split = StatementSplit(sql: sql, hasBlocks: keepsBlocksWhole)
        for token in lexer.tokens { split.take(token) }
        return split.finish(lexer.state.mode)
    }
}

private struct StatementSplit {
    private enum Form {
        case plain
        /// `BEGIN … END;`
        case block
        /// To the end of the text.
        case whole
    }

    private static let creations: Set<String> = [
        "PROCEDURE", "FUNCTION", "PACKAGE", "TRIGGER", "TYPE", "LIBRARY", "JAVA",
    ]

    let sql: [UInt8]
    let hasBlocks: Bool
    private var statements: [Range<Int>] = []
    private var form = Form.plain
    /// Where the statement begins, with the space and the comments before it.
    private var start = 0
    private var isEmpty = true
    private var words: [String] = []
    private var depth = 0
    private var isBehindEnd = false

    init(sql: [UInt8], hasBlocks: Bool) {
        self.sql = sql
        self.hasBlocks = hasBlocks
    }

    mutating func take(_ token: SQLToken) {
        let isSemicolon = token.kind == .symbol(UInt8(ascii: ";"))
        if isSemicolon, form == .plain { return close(at: token.range.lowerBound) }
        isEmpty = false
        guard hasBlocks else { return }
        if token.kind == .word {
            takeWord(SQLLexer.capitals(sql[token.range]))
        } else if isSemicolon, form == .block, depth <= 0 {
            close(at: token.range.upperBound)
            start = token.range.upperBound
        } else {
            isBehindEnd = false
        }
    }

    private mutating func takeWord(_ word: String) {
        if words.count < 6 { words.append(word) }
        if form == .plain {
            if words == ["BEGIN"] { form = .block }
            let isCreation =
                words.first == "CREATE" && words.dropFirst().allSatisfy(Self.isModifier)
                && Self.creations.contains(word)
            if words == ["DECLARE"] || words == ["WITH", "FUNCTION"]
                || words == ["WITH", "PROCEDURE"] || isCreation
            {
                form = .whole
            }
        }
        guard form == .block else { return }
        if isBehindEnd, ["IF", "LOOP", "CASE"].contains(word) {
            isBehindEnd = false
            return
        }
        isBehindEnd = word == "END"
        if word == "END" {
            depth -= 1
        } else if ["BEGIN", "IF", "LOOP", "CASE"].contains(word) {
            depth += 1
        }
    }

    private static func isModifier(_ word: String) -> Bool {
        ["OR", "REPLACE", "EDITIONABLE", "NONEDITIONABLE", "AND", "RESOLVE", "COMPILE"]
            .contains(word) || creations.contains(word)
    }

    /// Ends the statement before `offset`, where a semicolon stands, or behind its own.
    private mutating func close(at offset: Int) {
        if !isEmpty { statements.append(start..<offset) }
        start = offset + 1
        isEmpty = true
        form = .plain
        words = []
        depth = 0
        isBehindEnd = false
    }

    /// What is left open at the end, such as a string, has no token: it goes over for the server to
    /// refuse.
    mutating func finish(_ mode: SQLState.Mode) -> [Range<Int>] {
        if mode != .plain, mode != .sealed(.lineComment), start < sql.count { isEmpty = false }
        if start < sql.count { close(at: sql.count) }
        return statements
    }
}

extension SQLDialect {
    /// The word that a statement begins with, in capitals, behind spaces, comments and parentheses;
    /// empty where there is none.
    package func firstWord(of statement: [UInt8]) -> String {
        var lexer = SQLLexer(
            dialect: DialectReference(self), bytes: statement, range: 0..<statement.count,
            state: SQLState())
        lexer.run()
        return lexer.tokens.first { $0.kind == .word }
            .map { SQLLexer.capitals(statement[$0.range]) } ?? ""
    }
}
