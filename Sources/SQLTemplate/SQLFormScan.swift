/// Finds the forms of SQL in a statement that not every database has.
///
/// It looks at words and symbols outside of strings, quoted names and comments, and errs on the
/// side of silence: a column that is called `limit` or `top` is no clause.
struct SQLFormScan {
    typealias Finding = (form: SQLForm, offset: Int)

    let literals: [UInt8]
    let tokens: [SQLToken]
    /// Where the keyword stands that the statement begins with, after WITH the one that acts.
    let verbPlace: Int
    /// The first place behind the statement's table.
    let tableEnd: Int
    /// Whether a semicolon ends it.
    let isEnded: Bool
    let tags: TagPlaces
    /// How many parentheses are open before each token.
    private let depths: [Int]
    /// Where each of the words that are looked back for stands first outside of parentheses.
    private let firsts: [String: Int]
    /// The last INTO.
    private let lastInto: Int?
    private let verb: String

    init(
        literals: [UInt8], tokens: [SQLToken], verbPlace: Int, tableEnd: Int, isEnded: Bool,
        tags: TagPlaces
    ) {
        self.literals = literals
        self.tokens = tokens
        self.verbPlace = verbPlace
        self.tableEnd = tableEnd
        self.isEnded = isEnded
        self.tags = tags
        var depth = 0
        depths = tokens.map { token in
            if token.kind == .symbol(UInt8(ascii: ")")) { depth -= 1 }
            defer { if token.kind == .symbol(UInt8(ascii: "(")) { depth += 1 } }
            return depth
        }
        verb = String(decoding: literals[tokens[verbPlace].range], as: UTF8.self).uppercased()
        var firsts: [String: Int] = [:]
        var lastInto: Int?
        for place in tokens.indices where tokens[place].kind == .word && depths[place] == 0 {
            guard Self.isLike(tokens[place], of: literals, Self.lookedBackFor) else { continue }
            let word = String(decoding: literals[tokens[place].range], as: UTF8.self).uppercased()
            if firsts[word] == nil { firsts[word] = place }
            if word == "INTO" { lastInto = place }
        }
        self.firsts = firsts
        self.lastInto = lastInto
    }

    func findings() -> [Finding] {
        var found: [Finding] = []
        for place in tokens.indices {
            let forms =
                switch tokens[place].kind {
                case .word:
                    place == verbPlace || Self.isLike(tokens[place], of: literals, Self.words)
                        ? wordForms(place) : []
                case .symbol(let symbol): symbolForms(place, symbol)
                case .string: stringForms(place)
                case .name: nameForms(place)
                case .value: [SQLForm]()
                }
            for form in forms where !found.contains(where: { $0.form == form }) {
                found.append((form, tokens[place].range.lowerBound))
            }
        }
        return found
    }

    // MARK: Looking around

    /// Words that a form begins with.
    private static let words = shapes(
        "LIMIT TOP FETCH CONFLICT DUPLICATE IGNORE OR SET ALL FIRST VALUES RETURNING OUTPUT USING "
            + "FROM JOIN FULL AS ILIKE SOURCE NOW GETDATE GETUTCDATE SYSDATETIME SYSUTCDATETIME "
            + "SYSDATE SYSTIMESTAMP TRUE FALSE")

    private static let lookedBackFor = shapes(
        "VALUES SELECT SET ON OFFSET CONFLICT INTO WHERE")

    /// Length and first letter of each: most words of a query have another.
    private static func shapes(_ words: String) -> Set<Int> {
        Set(words.split(separator: " ").map { shape($0.utf8.count, $0.utf8.first ?? 0) })
    }

    private static func shape(_ count: Int, _ first: UInt8) -> Int {
        count << 8 | Int(first | 0x20)
    }

    private static func isLike(_ token: SQLToken, of literals: [UInt8], _ shapes: Set<Int>) -> Bool
    {
        shapes.contains(shape(token.range.count, literals[token.range.lowerBound]))
    }

    private func word(_ place: Int) -> String? {
        guard tokens.indices.contains(place), tokens[place].kind == .word else { return nil }
        return String(decoding: literals[tokens[place].range], as: UTF8.self).uppercased()
    }

    private func isWord(_ place: Int, _ words: Set<String>) -> Bool {
        word(place).map(words.contains) ?? false
    }

    private func isSymbol(_ place: Int, _ symbol: Character) -> Bool {
        tokens.indices.contains(place) && tokens[place].kind == .symbol(symbol.asciiValue ?? 0)
    }

    private func isName(_ place: Int) -> Bool {
        tokens.indices.contains(place)
            && (tokens[place].kind == .word || tokens[place].kind == .name)
    }

    private func isValue(_ place: Int) -> Bool {
        guard tokens.indices.contains(place) else { return false }
        if case .value = tokens[place].kind { return true }
        return false
    }

    private func isTop(_ place: Int) -> Bool { depths[place] == 0 }

    /// Whether a number or a tag follows, as behind a clause that counts rows.
    private func isCounting(_ place: Int) -> Bool {
        if isValue(place + 1) { return true }
        let next = literals[tokens[place].range.upperBound...].first { !SQLLexer.isSpace($0) }
        return next.map(SQLLexer.isDigit) ?? false
    }

    /// Part of a dotted name.
    private func isDotted(_ place: Int) -> Bool {
        isSymbol(place - 1, ".") || isSymbol(place + 1, ".")
    }

    private func isCall(_ place: Int) -> Bool {
        isSymbol(place + 1, "(") && !isSymbol(place - 1, ".")
    }

    private func stands(_ word: String, before place: Int) -> Bool {
        firsts[word].map { $0 < place } ?? false
    }

    // MARK: Words

    private func wordForms(_ place: Int) -> [SQLForm] {
        guard let text = word(place) else { return [] }
        if place == verbPlace { return verbForms() }
        switch text {
        case "LIMIT", "TOP", "FETCH": return countForms(place, text)
        case "CONFLICT", "DUPLICATE", "IGNORE", "OR", "SET", "ALL", "FIRST", "VALUES":
            return insertForms(place, text)
        case "RETURNING", "OUTPUT": return resultForms(place, text)
        case "USING", "FROM", "JOIN", "FULL", "AS": return joinForms(place, text)
        default: return expressionForms(place, text)
        }
    }

    private func verbForms() -> [SQLForm] {
        switch verb {
        case "REPLACE": return [.replaceInto]
        case "MERGE": return isEnded ? [.merge] : [.merge, .mergeWithoutEnd]
        case "TRUNCATE":
            return word(verbPlace + 1) == "TABLE"
                ? [.truncate] : [.truncate, .truncateWithoutTable]
        case "UPDATE": return [.update]
        case "DELETE":
            let isJoin =
                isName(verbPlace + 1) && word(verbPlace + 2) == "FROM"
                && !isWord(
                    verbPlace + 1, ["FROM", "LOW_PRIORITY", "QUICK", "IGNORE", "ONLY"])
            return isJoin ? [.delete, .deleteJoin] : [.delete]
        default: return []
        }
    }

    private func countForms(_ place: Int, _ text: String) -> [SQLForm] {
        guard !isDotted(place) else { return [] }
        switch text {
        case "LIMIT":
            guard isCounting(place) || word(place + 1) == "ALL" else { return [] }
            guard isTop(place) else { return [.selectLimit] }
            return [
                verb == "DELETE" ? .deleteLimit : verb == "UPDATE" ? .updateLimit : .selectLimit
            ]
        case "TOP":
            let isBehind = isWord(place - 1, ["SELECT", "DISTINCT", "DELETE", "UPDATE", "INSERT"])
            let isCounted =
                isCounting(place) || (isSymbol(place + 1, "(") && isCounting(place + 1))
            return isBehind && isCounted ? [.top] : []
        default:
            guard isWord(place + 1, ["FIRST", "NEXT"]) else { return [] }
            return stands("OFFSET", before: place)
                ? [.fetchFirst] : [.fetchFirst, .fetchWithoutOffset]
        }
    }

    private func insertForms(_ place: Int, _ text: String) -> [SQLForm] {
        let isInsert = verb == "INSERT" || verb == "REPLACE"
        switch text {
        case "CONFLICT" where isInsert && word(place - 1) == "ON":
            let hasNoTarget = word(place + 1) == "DO" && word(place + 2) == "UPDATE"
            var forms = [SQLForm.onConflict]
            if hasNoTarget { forms.append(.conflictWithoutTarget) }
            if place == firsts["CONFLICT"], isBehindFrom(place) {
                forms.append(.conflictBehindFrom)
            }
            return forms
        case "DUPLICATE" where word(place - 1) == "ON" && word(place + 1) == "KEY":
            let hasAlias = isName(place - 2) && word(place - 3) == "AS"
            return hasAlias ? [.onDuplicateKey, .rowAlias] : [.onDuplicateKey]
        case "IGNORE"
        where isWord(place - 1, ["INSERT", "LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED"]):
            return verb == "INSERT" ? [.insertIgnore] : []
        case "OR" where place == verbPlace + 1: return [.insertOr]
        case "ALL" where place == verbPlace + 1 && verb == "INSERT",
            "FIRST" where place == verbPlace + 1 && verb == "INSERT":
            return [.insertAll]
        case "SET" where isInsert && place == tableEnd: return [.insertSet]
        case "VALUES" where isInsert && place == firsts["VALUES"] && hasRows(behind: place):
            return [.valueRows]
        default: return []
        }
    }

    /// `… SELECT … FROM t` directly before ON.
    private func isBehindFrom(_ place: Int) -> Bool {
        let enders: Set<String> = ["WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "WINDOW"]
        var hasFrom = false
        for before in tokens.indices.prefix(place) where isTop(before) {
            if word(before) == "FROM" {
                hasFrom = stands("SELECT", before: before)
            } else if isWord(before, enders) || (word(before) == "ON" && before < place - 1) {
                hasFrom = false
            }
        }
        return hasFrom
    }

    /// A second row, or a loop over the batch that writes them.
    private func hasRows(behind place: Int) -> Bool {
        let end = tokens[place].range.upperBound
        let next = tokens.indices.contains(place + 1) ? tokens[place + 1].range.lowerBound : .max
        if tags.batchLoops.contains(where: { $0 >= end && $0 <= next }) { return true }
        return tokens.indices.dropFirst(place + 1).contains {
            isTop($0) && isSymbol($0, ",") && isSymbol($0 - 1, ")") && isSymbol($0 + 1, "(")
        }
    }

    private func resultForms(_ place: Int, _ text: String) -> [SQLForm] {
        guard !isDotted(place), isTop(place) else { return [] }
        if text == "OUTPUT" {
            return isWord(place + 1, ["INSERTED", "DELETED"]) ? [.output] : []
        }
        let verbs: Set<String> = ["INSERT", "REPLACE", "UPDATE", "DELETE", "MERGE"]
        let hasTarget = lastInto.map { $0 > place } ?? false
        let isColumn =
            isSymbol(place + 1, "=") || isSymbol(place + 1, ",")
            || isWord(place - 1, ["WHERE", "AND", "OR", "NOT", "SET", "BY", "ON"])
        return verbs.contains(verb) && !hasTarget && !isColumn && place + 1 < tokens.count
            ? [.returning] : []
    }

    private func joinForms(_ place: Int, _ text: String) -> [SQLForm] {
        switch text {
        case "USING" where verb == "DELETE" && isTop(place) && !namesTable(place + 1):
            return [.deleteUsing]
        case "FROM"
        where verb == "UPDATE" && isTop(place) && word(place - 1) != "DISTINCT":
            return [.updateFrom]
        case "JOIN"
        where verb == "UPDATE" && isTop(place) && !stands("SET", before: place):
            return [.updateJoin]
        case "FULL" where isWord(place + 1, ["OUTER", "JOIN"]): return [.fullJoin]
        case "AS" where isTableAlias(place): return [.tableAlias]
        default: return []
        }
    }

    /// Whether the name there is that of the statement's table.
    private func namesTable(_ place: Int) -> Bool {
        var last = place
        while isName(last), isSymbol(last + 1, ".") { last += 2 }
        guard isName(last), isName(tableEnd - 1) else { return false }
        return literals[tokens[last].range].elementsEqual(literals[tokens[tableEnd - 1].range])
    }

    /// The AS of `FROM t AS x`, `MERGE INTO s.t AS x` and `USING (…) AS x`.
    private func isTableAlias(_ place: Int) -> Bool {
        if verb == "MERGE", isTop(place), isSymbol(place - 1, ")") {
            return !stands("ON", before: place)
        }
        var start = place - 1
        // `FROM t AS OF TIMESTAMP …` is no alias.
        guard isName(start), word(place + 1) != "OF" else { return false }
        while isSymbol(start - 1, "."), isName(start - 2) { start -= 2 }
        let leads: Set<String> =
            verb == "MERGE" ? ["FROM", "JOIN", "INTO", "USING"] : ["FROM", "JOIN", "UPDATE"]
        return isWord(start - 1, leads)
    }

    private func expressionForms(_ place: Int, _ text: String) -> [SQLForm] {
        switch text {
        case "ILIKE" where place > 0 && !isDotted(place) && place + 1 < tokens.count:
            return [.ilike]
        case "SOURCE" where verb == "MERGE" && word(place - 1) == "BY": return [.mergeBySource]
        case "NOW" where isCall(place): return [.nowFunction]
        case "GETDATE" where isCall(place), "GETUTCDATE" where isCall(place),
            "SYSDATETIME" where isCall(place), "SYSUTCDATETIME" where isCall(place):
            return [.getdateFunction]
        case "SYSDATE" where isWordAsValue(place), "SYSTIMESTAMP" where isWordAsValue(place):
            return [.sysdateWord]
        case "TRUE" where isWordAsValue(place), "FALSE" where isWordAsValue(place):
            return [.booleanWord]
        default: return []
        }
    }

    /// A word where a value stands, and not a column's name.
    private func isWordAsValue(_ place: Int) -> Bool {
        guard !isDotted(place), !isSymbol(place + 1, "("), !isSymbol(place + 1, "=") else {
            return false
        }
        if isWord(place - 1, ["AS", "INTO", "TABLE", "JOIN", "BY", "SET", "UPDATE"]) {
            return false
        }
        let isListed = isSymbol(place - 1, ",") || isSymbol(place - 1, "(")
        return !isListed || stands("VALUES", before: place) || stands("SELECT", before: place)
    }

    // MARK: Symbols and strings

    private func symbolForms(_ place: Int, _ symbol: UInt8) -> [SQLForm] {
        func isDoubled(_ mark: Character) -> Bool {
            isSymbol(place, mark) && isSymbol(place + 1, mark)
                && tokens[place].range.upperBound == tokens[place + 1].range.lowerBound
        }
        if isDoubled(":") { return [.castOperator] }
        if isDoubled("|") { return [.bars] }
        if symbol == UInt8(ascii: "`") { return [.backtickName] }
        let leads: Set<String> = ["FROM", "INTO", "UPDATE", "JOIN", "TABLE"]
        if symbol == UInt8(ascii: "["), isWord(place - 1, leads) || isSymbol(place - 1, ".") {
            return [.bracketName]
        }
        return []
    }

    /// Behind VALUES of an INSERT there are no columns to name.
    private func nameForms(_ place: Int) -> [SQLForm] {
        let isValue =
            verb == "INSERT" && depths[place] == 1 && stands("VALUES", before: place)
            && !stands("ON", before: place) && !stands("SELECT", before: place)
        let isFirst = isSymbol(place - 1, "(") || isSymbol(place - 1, ",")
        guard isValue, isFirst, !isDotted(place), !isSymbol(place + 1, "(") else { return [] }
        let range = tokens[place].range
        // A value in it is refused by its context.
        return tags.holdsValue(range.lowerBound - 1..<range.upperBound + 1) ? [] : [.quotedValue]
    }

    private func stringForms(_ place: Int) -> [SQLForm] {
        let range = tokens[place].range
        let isEmpty = range.count == 2 && !tags.holdsValue(range)
        let isCompared = isSymbol(place - 1, "=") || isSymbol(place - 1, ">")
        return isEmpty && isCompared && stands("WHERE", before: place) ? [.emptyText] : []
    }
}
