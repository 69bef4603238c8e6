/// What can be said of one statement of a query without its database: enough to ask the database
/// whether the table, its columns and its keys are there.
package struct QueryStatement: Hashable, Sendable {
    /// A name of the SQL, without its quotes.
    package struct Name: Hashable, Sendable {
        package var text: String
        package var isQuoted: Bool
        /// The byte of the template where it begins.
        package var offset: Int

        package init(text: String, isQuoted: Bool, offset: Int) {
            self.text = text
            self.isQuoted = isQuoted
            self.offset = offset
        }
    }

    /// The keyword that it begins with, in capitals; after WITH the one that acts.
    package var verb: String
    /// As written, with its schema.
    package var table: [Name] = []
    /// `INSERT INTO t (…)`.
    package var insertedColumns: [Name] = []
    /// Columns that conditions behind WHERE compare.
    package var comparedColumns: [Name] = []
    /// `ON CONFLICT (…)`; nil without it.
    package var conflictColumns: [Name]?
    /// Columns that the statement gives a new value where the key is there already: behind ON
    /// CONFLICT … DO UPDATE SET and ON DUPLICATE KEY UPDATE.
    package var assignedColumns: [Name] = []
    /// Inserted columns whose value in the first row behind VALUES is of a profile.
    package var rowColumns: [Name] = []
    /// The column that takes, or is compared with, a bare `{segment_id}`.
    package var segmentColumn: Name?
    /// ON CONFLICT, ON DUPLICATE KEY, OR REPLACE, OR IGNORE, IGNORE, MERGE, REPLACE or NOT EXISTS.
    package var settlesRepeats = false
    /// `ON CONFLICT`, `ON DUPLICATE KEY`, `IGNORE` or `REPLACE`: without a unique key it is
    /// refused, or does nothing.
    package var needsKey: Bool { conflictColumns != nil || isOnDuplicateKey || isOverwriting }
    package var isOnDuplicateKey = false
    /// `REPLACE`, `INSERT IGNORE` or `INSERT OR …`.
    package var isOverwriting = false
    var offset: Int
    /// Its words in capitals, with their places among the literals.
    var words: [(text: String, offset: Int)] = []
    /// What it would change in the session that it runs in, if that is not allowed.
    var sessionChange: SessionChange?
    /// What in it not every database has, with its place among the literals.
    var forms: [SQLFormScan.Finding] = []
    /// Where it has to name the segment, and whether it does.
    var namesSegment = true

    /// Statements that MySQL and Oracle commit by themselves, with all that came before them.
    private static let dataDefinition: Set<String> = [
        "CREATE", "ALTER", "DROP", "TRUNCATE", "RENAME", "GRANT", "REVOKE", "COMMENT", "ANALYZE",
        "OPTIMIZE", "REPAIR", "LOCK", "UNLOCK", "FLUSH", "INSTALL", "UNINSTALL",
    ]

    package var isDataDefinition: Bool { Self.dataDefinition.contains(verb) }

    /// Runs what is not seen in the query.
    package var isCall: Bool { ["CALL", "EXECUTE", "PREPARE"].contains(verb) }

    package static func == (left: QueryStatement, right: QueryStatement) -> Bool {
        left.verb == right.verb && left.offset == right.offset
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(offset) }
}

/// Cuts the tokens of a query into statements and reads their outline.
struct QueryOutline {
    private static let actingVerbs: Set<String> = ["INSERT", "UPDATE", "DELETE", "MERGE", "SELECT"]
    private static let notColumns: Set<String> = [
        "AND", "OR", "NOT", "NULL", "EXISTS", "SELECT", "FROM", "WHERE", "IN", "IS", "LIKE",
        "BETWEEN", "ON", "SET", "VALUES", "TRUE", "FALSE", "LIMIT", "CASE", "WHEN", "THEN", "ELSE",
    ]

    private let literals: [UInt8]
    private let tokens: [SQLToken]
    /// In capitals, by token.
    private let words: [String?]
    /// Where a semicolon ends the statement, or the template ends.
    private let end: Int
    private let tags: TagPlaces
    private var index = 0

    private init(literals: [UInt8], tokens: [SQLToken], end: Int, tags: TagPlaces) {
        self.literals = literals
        self.tokens = tokens
        words = tokens.map { token in
            token.kind == .word ? SQLLexer.capitals(literals[token.range]) : nil
        }
        self.end = end
        self.tags = tags
    }

    static func statements(
        _ tokens: [SQLToken], literals: [UInt8], tags: TagPlaces, _ dialect: SQLDialect
    ) -> [QueryStatement] {
        let rules = dialect.sessionRules
        return tokens.split { $0.kind == .symbol(UInt8(ascii: ";")) }.compactMap { part in
            let isEnded = part.endIndex < tokens.endIndex
            let end = isEnded ? tokens[part.endIndex].range.lowerBound : literals.count
            let tokens = Array(part)
            var outline = QueryOutline(literals: literals, tokens: tokens, end: end, tags: tags)
            var statement = outline.read(isEnded: isEnded)
            statement?.sessionChange =
                SessionChangeSearch(rules: rules, literals: literals, tokens: tokens).run()
            return statement
        }
    }

    private func word(_ place: Int) -> String? {
        words.indices.contains(place) ? words[place] : nil
    }

    private func isSymbol(_ place: Int, _ symbol: Character) -> Bool {
        tokens.indices.contains(place) && tokens[place].kind == .symbol(symbol.asciiValue ?? 0)
    }

    private func name(_ place: Int) -> QueryStatement.Name? {
        guard tokens.indices.contains(place) else { return nil }
        let token = tokens[place]
        guard token.kind == .word || token.kind == .name else { return nil }
        return QueryStatement.Name(
            text: String(decoding: literals[token.range], as: UTF8.self),
            isQuoted: token.kind == .name, offset: token.range.lowerBound)
    }

    private mutating func read(isEnded: Bool) -> QueryStatement? {
        guard let start = tokens.indices.first(where: { word($0) != nil }),
            var verb = word(start)
        else { return nil }
        index = start
        if verb == "WITH", let acting = actingVerb(behind: start) {
            index = acting
            verb = word(acting) ?? verb
        }
        var statement = QueryStatement(verb: verb, offset: tokens[start].range.lowerBound)
        statement.words = tokens.indices.compactMap { place in
            word(place).map { ($0, tokens[place].range.lowerBound) }
        }
        let verbPlace = index
        readTable(&statement)
        readRest(&statement)
        statement.forms = SQLFormScan(
            literals: literals, tokens: tokens, verbPlace: verbPlace, tableEnd: index,
            isEnded: isEnded, tags: tags
        ).findings()
        statement.namesSegment = namesSegment(statement, behind: verbPlace)
        return statement
    }

    /// Whether rows of other segments are out of the statement's reach, as far as that can be told:
    /// the segment is named in it, in a question behind FROM.
    private func namesSegment(_ statement: QueryStatement, behind verbPlace: Int) -> Bool {
        var start = tokens[verbPlace].range.lowerBound
        if statement.verb == "SELECT" {
            let from = tokens.indices.first { $0 > verbPlace && word($0) == "FROM" }
            // A question that reads no table, or calls what does.
            guard let from else { return true }
            start = tokens[from].range.lowerBound
        }
        return tags.isChosenBySegment || tags.namesSegment(start...max(start, end))
    }

    /// The first acting keyword outside of parentheses.
    private func actingVerb(behind start: Int) -> Int? {
        var depth = 0
        for place in start..<tokens.count {
            if isSymbol(place, "(") { depth += 1 }
            if isSymbol(place, ")") { depth -= 1 }
            if depth == 0, let word = word(place), Self.actingVerbs.contains(word) { return place }
        }
        return nil
    }

    private mutating func readTable(_ statement: inout QueryStatement) {
        switch statement.verb {
        case "INSERT", "REPLACE", "MERGE", "DELETE", "TRUNCATE":
            let lead: Set<String> =
                statement.verb == "DELETE" ? ["FROM"] : ["INTO", "TABLE"]
            let modifiers: Set<String> = [
                "OR", "IGNORE", "REPLACE", "LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "QUICK",
                "ABORT", "FAIL", "ROLLBACK", "ALL", "FIRST", "ONLY",
            ]
            index += 1
            while let word = word(index), modifiers.contains(word) { index += 1 }
            if let word = word(index), lead.contains(word) { index += 1 }
        case "UPDATE": index += 1
        default: return
        }
        while let part = name(index) {
            statement.table.append(part)
            index += 1
            guard isSymbol(index, ".") else { break }
            index += 1
        }
        guard statement.verb == "INSERT" || statement.verb == "REPLACE", isSymbol(index, "(") else {
            return
        }
        statement.insertedColumns = names(inParenthesesAt: index) ?? []
        let (segment, rows) = insertedValues(statement.insertedColumns)
        statement.segmentColumn = segment
        statement.rowColumns = rows
    }

    /// The column whose place in the first tuple behind VALUES holds `{segment_id}`, and those
    /// whose places hold something of a profile.
    private func insertedValues(
        _ columns: [QueryStatement.Name]
    ) -> (segment: QueryStatement.Name?, rows: [QueryStatement.Name]) {
        guard let start = tokens.indices.first(where: { word($0) == "VALUES" }) else {
            return (nil, [])
        }
        var segment: QueryStatement.Name?
        var rows: [QueryStatement.Name] = []
        var depth = 0
        var column = 0
        for place in tokens.indices.dropFirst(start + 1) {
            if isSymbol(place, "(") { depth += 1 }
            if isSymbol(place, ")") {
                depth -= 1
                if depth == 0 { break }
            }
            if depth == 1, isSymbol(place, ",") { column += 1 }
            guard depth > 0, columns.indices.contains(column) else { continue }
            if depth == 1, tokens[place].kind == .value(isSegment: true), segment == nil {
                segment = columns[column]
            }
            if tags.holdsRow(tokens[place].range), rows.last?.offset != columns[column].offset {
                rows.append(columns[column])
            }
        }
        return (segment, rows)
    }

    /// The names of `(a, b, c)`; nil if it is something else.
    private func names(inParenthesesAt start: Int) -> [QueryStatement.Name]? {
        var names: [QueryStatement.Name] = []
        var place = start + 1
        while let name = name(place) {
            names.append(name)
            place += 1
            if isSymbol(place, ")") { return names }
            guard isSymbol(place, ",") else { return nil }
            place += 1
        }
        return nil
    }

    private func readRest(_ statement: inout QueryStatement) {
        var isBehindWhere = false
        for place in tokens.indices {
            guard let text = word(place) else {
                if isBehindWhere, tokens[place].kind == .name { compared(place, &statement) }
                continue
            }
            let next = word(place + 1)
            switch text {
            case "WHERE": isBehindWhere = true
            case "ON" where next == "CONFLICT":
                statement.settlesRepeats = true
                statement.conflictColumns =
                    isSymbol(place + 2, "(") ? names(inParenthesesAt: place + 2) ?? [] : []
                isBehindWhere = false
            case "ON" where next == "DUPLICATE":
                statement.settlesRepeats = true
                statement.isOnDuplicateKey = true
                statement.assignedColumns = assigned(behind: place + 3, statement)
            case "SET" where isUpdating(place):
                statement.assignedColumns = assigned(behind: place, statement)
            case "IGNORE" where isInsertModifier(place),
                "REPLACE" where !isSymbol(place + 1, "("):
                statement.settlesRepeats = true
                statement.isOverwriting = ["INSERT", "REPLACE"].contains(statement.verb)
            case "MERGE": statement.settlesRepeats = true
            case "NOT" where next == "EXISTS", "EXCEPT", "MINUS":
                statement.settlesRepeats = true
            default:
                if isBehindWhere, !Self.notColumns.contains(text) { compared(place, &statement) }
            }
        }
    }

    private func isTable(_ place: Int, _ statement: QueryStatement) -> Bool {
        name(place)?.text.uppercased() == statement.table.last?.text.uppercased()
    }

    private func isInsertModifier(_ place: Int) -> Bool {
        ["INSERT", "OR", "LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED"].contains(word(place - 1))
    }

    /// The SET of `ON CONFLICT … DO UPDATE SET`.
    private func isUpdating(_ place: Int) -> Bool {
        word(place - 1) == "UPDATE" && word(place - 2) == "DO"
    }

    /// The columns of `a = …, t.b = …, (c, d) = …`.
    private func assigned(
        behind start: Int, _ statement: QueryStatement
    ) -> [QueryStatement.Name] {
        var columns: [QueryStatement.Name] = []
        var depth = 0
        var isTarget = true
        for place in tokens.indices.dropFirst(start + 1) {
            if depth == 0, ["WHERE", "RETURNING"].contains(word(place)) { break }
            if isSymbol(place, "(") { depth += 1 }
            if isSymbol(place, ")") { depth -= 1 }
            if depth == 0, isSymbol(place, ",") { isTarget = true }
            if depth == 0, isSymbol(place, "=") { isTarget = false }
            guard isTarget, !isSymbol(place + 1, "."), let name = name(place) else { continue }
            // What is set to itself stays as it is.
            let source = isSymbol(place + 3, ".") ? place + 4 : place + 2
            let isEnd =
                source + 1 >= tokens.count || isSymbol(source + 1, ",")
                || ["WHERE", "RETURNING"].contains(word(source + 1))
            let isOther = source == place + 4 && !isTable(place + 2, statement)
            let isSame =
                isSymbol(place + 1, "=") && isEnd && !isOther
                && self.name(source)?.text.uppercased() == name.text.uppercased()
            if !isSame { columns.append(name) }
        }
        return columns
    }

    private func compared(_ place: Int, _ statement: inout QueryStatement) {
        guard isCompared(place), let name = name(place) else { return }
        statement.comparedColumns.append(name)
        if isSegment(place) { statement.segmentColumn = name }
    }

    private func isSegment(_ place: Int) -> Bool {
        isSymbol(place + 1, "=") && tokens.indices.contains(place + 2)
            && tokens[place + 2].kind == .value(isSegment: true)
    }

    private func isCompared(_ place: Int) -> Bool {
        if isSymbol(place + 1, "=") || isSymbol(place + 1, "<") || isSymbol(place + 1, ">") {
            return true
        }
        return ["IN", "LIKE", "IS", "BETWEEN"].contains(word(place + 1))
    }
}
