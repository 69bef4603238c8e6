/// A change that a statement would make to the session it runs in.
struct SessionChange: Hashable, Sendable {
    /// The setting in capitals, or the words that the statement begins with.
    let name: String
    /// Without what follows the words by which the statement is known.
    var kind: String
    /// Where it stands, among the literals.
    let offset: Int
}

/// Finds in the tokens of one statement what changes the session.
struct SessionChangeSearch {
    let rules: SessionRules
    let literals: [UInt8]
    let tokens: [SQLToken]

    /// The first change that the rules do not allow.
    func run() -> SessionChange? {
        guard let start = tokens.indices.first(where: { word($0) != nil }) else { return nil }
        return statement(at: start) ?? setting(at: start) ?? anywhere(behind: start)
            ?? settingsClause() ?? namedRoutine()
    }

    private func word(_ place: Int) -> String? {
        guard tokens.indices.contains(place), tokens[place].kind == .word else { return nil }
        return text(place)
    }

    private func text(_ place: Int) -> String {
        String(decoding: literals[tokens[place].range], as: UTF8.self).uppercased()
    }

    /// A name with or without quotes.
    private func name(_ place: Int) -> String? {
        guard tokens.indices.contains(place) else { return nil }
        return tokens[place].kind == .word || tokens[place].kind == .name ? text(place) : nil
    }

    private func isSymbol(_ place: Int, _ symbol: Character) -> Bool {
        tokens.indices.contains(place) && tokens[place].kind == .symbol(symbol.asciiValue ?? 0)
    }

    private func change(_ name: String, at place: Int) -> SessionChange {
        SessionChange(name: name, kind: name, offset: tokens[place].range.lowerBound)
    }

    // MARK: Statements

    private func statement(at start: Int) -> SessionChange? {
        for words in rules.statements
        where words.indices.allSatisfy({ word(start + $0) == words[$0] }) {
            if words == ["RESET"], isOwnSetting(at: start + 1) { continue }
            // `PRAGMA main.foreign_keys`.
            var setting = start + words.count
            if isSymbol(setting + 1, ".") { setting += 2 }
            let kind = words.joined(separator: " ")
            var found = change(name(setting).map { "\(kind) \($0)" } ?? kind, at: start)
            found.kind = kind
            return found
        }
        return nil
    }

    // MARK: SET

    private func setting(at start: Int) -> SessionChange? {
        guard word(start) == "SET" else { return nil }
        if rules.variables == .atSign { return assignments(behind: start) }
        return refusal(of: start + 1)
    }

    /// `SET @a = …, @b = …`: each of them must be a variable of the query's own.
    private func assignments(behind start: Int) -> SessionChange? {
        var depth = 0
        for place in tokens.indices.dropFirst(start) {
            if isSymbol(place, "(") { depth += 1 }
            if isSymbol(place, ")") { depth -= 1 }
            let isTarget = place == start || depth == 0 && isSymbol(place, ",")
            guard isTarget, !isUserVariable(place + 1) else { continue }
            return refusal(of: place + 1)
        }
        return nil
    }

    private func isUserVariable(_ place: Int) -> Bool {
        isSymbol(place, "@") && !isSymbol(place + 1, "@")
    }

    /// nil: what stands there is no setting of the server's.
    private func refusal(of first: Int) -> SessionChange? {
        var place = first
        while isSymbol(place, "@") { place += 1 }
        // `SET SESSION x`, but `SET SESSION AUTHORIZATION`.
        while let scope = word(place), rules.scopes.contains(scope) || Self.scopes.contains(scope),
            name(place + 1) != nil || isSymbol(place + 1, ".")
        {
            if word(place + 1) == "AUTHORIZATION" {
                return change("SESSION AUTHORIZATION", at: place)
            }
            place += isSymbol(place + 1, ".") ? 2 : 1
        }
        guard let name = name(place) else { return change("SET", at: max(0, first - 1)) }
        if rules.harmless.contains(name) { return nil }
        if isOwnSetting(at: place) { return nil }
        if name == "TIME", word(place + 1) == "ZONE" { return change("TIME ZONE", at: place) }
        return change(name, at: place)
    }

    /// `app.tenant`.
    private func isOwnSetting(at place: Int) -> Bool {
        guard rules.variables == .dotted, let module = name(place) else { return false }
        return isSymbol(place + 1, ".") && name(place + 2) != nil
            && !rules.serverModules.contains(module)
    }

    /// MySQL's, which stand before a name or behind `@@`.
    private static let scopes: Set<String> = [
        "SESSION", "GLOBAL", "LOCAL", "PERSIST", "PERSIST_ONLY",
    ]

    /// `UPDATE t SET a = 1 SET DATEFORMAT dmy`: an assignment has a sign, an option has none.
    private func anywhere(behind start: Int) -> SessionChange? {
        let first = word(start)
        guard rules.isSetAnywhere, first != "CREATE", first != "ALTER" else { return nil }
        for place in tokens.indices.dropFirst(start + 1) {
            // Not `OPTION (USE HINT …)`.
            if word(place) == "USE", let database = name(place + 1),
                !["HINT", "PLAN"].contains(database)
            {
                return change("USE", at: place)
            }
            if ["EXECUTE", "EXEC"].contains(word(place)), word(place + 1) == "AS" {
                return change("EXECUTE AS", at: place)
            }
            guard word(place) == "SET", let option = word(place + 1), isOption(at: place + 1)
            else { continue }
            return change(option, at: place)
        }
        return nil
    }

    private func isOption(at place: Int) -> Bool {
        !["=", ".", "+", "-", "*", "/", "%", "&", "|", "^"].contains { isSymbol(place + 1, $0) }
    }

    // MARK: Inside of a statement

    /// `… SETTINGS a = 1, b = 2`.
    private func settingsClause() -> SessionChange? {
        guard !rules.stated.isEmpty else { return nil }
        for start in tokens.indices where word(start) == "SETTINGS" {
            var place = start + 1
            while let name = name(place), isSymbol(place + 1, "=") {
                if rules.stated.contains(name) { return change(name, at: place) }
                guard let comma = tokens.indices.first(where: { $0 > place && isSymbol($0, ",") })
                else { break }
                place = comma + 1
            }
        }
        return nil
    }

    private func namedRoutine() -> SessionChange? {
        for place in tokens.indices {
            guard let name = name(place), rules.names.contains(name) else { continue }
            switch name {
            case "SET_CONFIG":
                if let setting = configured(at: place) { return change(setting, at: place) }
            case "PG_SETTINGS":
                if word(place - 1) == "UPDATE" || isSymbol(place - 1, ".") && word(0) == "UPDATE" {
                    return change(name, at: place)
                }
            default: return change(name, at: place)
            }
        }
        return nil
    }

    /// What `set_config` sets, unless it is a setting of the user's own.
    private func configured(at place: Int) -> String? {
        guard isSymbol(place + 1, "(") else { return nil }
        guard tokens.indices.contains(place + 2), tokens[place + 2].kind == .string,
            isSymbol(place + 3, ",")
        else { return "SET_CONFIG" }
        let setting = text(place + 2).filter { $0 != "'" }
        let parts = setting.split(separator: ".", omittingEmptySubsequences: false)
        let isOwn = parts.count > 1 && !rules.serverModules.contains(String(parts[0]))
        return isOwn ? nil : setting
    }
}
