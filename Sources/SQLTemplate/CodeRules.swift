/// Where a kind of database reads a string as SQL, or as another language that reaches further than
/// a value may: a table of the dialect, each row with the page that says so.
///
/// A value in such a string is escaped once, for the string, and never for the code in it: so it is
/// refused (INV-7). A string that stands anywhere else, as an argument of a function that no row
/// names, is data.
package struct CodeRules: Sendable {
    /// What reads a string as code.
    package struct Row: Sendable {
        /// In capitals.
        package let name: String
        /// What an operator writes instead, as a hint; nil: the dialect's general one.
        package let hint: String?
        /// The page that describes it.
        package let source: String

        package init(_ name: String, hint: String? = nil, source: String) {
            self.name = name
            self.hint = hint
            self.source = source
        }
    }

    /// How a statement that runs a text begins.
    package enum Dynamic: Sendable {
        /// None does.
        case none
        /// `PREPARE s FROM …`, `EXECUTE IMMEDIATE … USING …` and `OPEN c FOR … USING …`.
        case using
        /// `EXEC (…)`, and `EXEC procedure …` for the procedures of `procedures`.
        case procedures
    }

    /// Statements in which every string is code or reaches outside of the database, by their first
    /// word.
    package var statements: [Row] = []
    /// What `CREATE …` and `ALTER …` define by code.
    package var definitions: [Row] = []
    /// Functions, table functions and packaged procedures with an argument that is code.
    package var functions: [Row] = []
    /// Arguments of `functions` can be columns and other expressions.
    package var functionsTakeExpressions = false
    package var dynamic = Dynamic.none
    /// Of `Dynamic.procedures`: every argument of these is code.
    package var procedures: [Row] = []
    /// Of `Dynamic.procedures`: the first two arguments of these are code, the rest are data.
    package var statementProcedures: [Row] = []
    /// The hint where a row has none of its own.
    package var hint = ""
    /// The page that describes `dynamic`.
    package var dynamicSource = ""

    package init() {}

    /// All rows, for the test that tries each.
    package var rows: [Row] {
        statements + definitions + functions + procedures + statementProcedures
    }
}

/// The rows of `CodeRules` by name, as the lexer asks for them.
package struct CodeIndex: Sendable {
    enum Entry: Equatable {
        case statement, definition, function, procedure, statementProcedure
    }

    package let rules: CodeRules
    let dynamic: CodeRules.Dynamic
    let functionsTakeExpressions: Bool
    private let entries: [String: [Entry]]
    private let hints: [String: String]
    /// The dialect's general hint.
    let hint: String
    /// Names outside of these lengths are none of them.
    private let lengths: ClosedRange<Int>

    package init(_ rules: CodeRules) {
        self.rules = rules
        dynamic = rules.dynamic
        functionsTakeExpressions = rules.functionsTakeExpressions
        hint = rules.hint
        var entries: [String: [Entry]] = [:]
        var hints: [String: String] = [:]
        func add(_ rows: [CodeRules.Row], _ entry: Entry) {
            for row in rows {
                precondition(row.name == row.name.uppercased(), "names of code are in capitals")
                entries[row.name, default: []].append(entry)
                hints[row.name] = row.hint ?? hints[row.name]
            }
        }
        add(rules.statements, .statement)
        add(rules.definitions, .definition)
        add(rules.functions, .function)
        add(rules.procedures, .procedure)
        add(rules.statementProcedures, .statementProcedure)
        self.entries = entries
        self.hints = hints
        let counts = entries.keys.map(\.utf8.count)
        lengths = (counts.min() ?? 1)...(counts.max() ?? 1)
    }

    /// What a name, in capitals, is behind another one and a point; empty for almost every word of
    /// a query.
    func entries(of name: String, in package: String) -> [Entry] {
        let own = lengths.contains(name.utf8.count) ? entries[name] ?? [] : []
        return package.isEmpty ? own : own + (entries["\(package).\(name)"] ?? [])
    }

    func hint(for name: String) -> String { hints[name] ?? hint }
}
