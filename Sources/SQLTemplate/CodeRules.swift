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
///
/// Names are numbers, so that a context, which is copied for every text, holds no references.
package struct CodeIndex: Sendable {
    /// What rows a name stands in.
    struct Entries: OptionSet {
        let rawValue: UInt8

        static let statement = Entries(rawValue: 1)
        static let definition = Entries(rawValue: 2)
        static let function = Entries(rawValue: 4)
        static let procedure = Entries(rawValue: 8)
        static let statementProcedure = Entries(rawValue: 16)
    }

    /// A name of a row, of its package, or of a statement that runs a text.
    struct Name: Hashable {
        static let none = Name(number: 0)
        static let exec = Name(number: 1)
        static let executeImmediate = Name(number: 2)
        static let prepare = Name(number: 3)
        static let open = Name(number: 4)
        static let format = Name(number: 5)
        fileprivate static let fixed = [
            "", "EXEC", "EXECUTE IMMEDIATE", "PREPARE", "OPEN", "FORMAT",
        ]

        fileprivate let number: UInt16

        fileprivate init(number: Int) { self.number = UInt16(number) }
    }

    private struct Member: Hashable {
        let package: Name
        let name: Name
    }

    package let rules: CodeRules
    let dynamic: CodeRules.Dynamic
    let functionsTakeExpressions: Bool
    private var names = Name.fixed
    private var numbers: [String: Name] = [:]
    /// By number: what the name is where it stands alone.
    private var alone = [Entries](repeating: [], count: Name.fixed.count)
    private var members: [Member: Entries] = [:]
    private var hints: [Name: String] = [:]
    /// The dialect's general hint.
    let hint: String
    /// Names outside of these lengths are none of them.
    private let lengths: ClosedRange<Int>

    package init(_ rules: CodeRules) {
        self.rules = rules
        dynamic = rules.dynamic
        functionsTakeExpressions = rules.functionsTakeExpressions
        hint = rules.hint
        let counts = rules.rows.flatMap { $0.name.split(separator: ".").map(\.utf8.count) }
        lengths = (counts.min() ?? 1)...(counts.max() ?? 1)
        add(rules.statements, .statement)
        add(rules.definitions, .definition)
        add(rules.functions, .function)
        add(rules.procedures, .procedure)
        add(rules.statementProcedures, .statementProcedure)
        for row in rules.rows {
            if let hint = row.hint {
                hints[number(of: row.name.split(separator: ".").last!)] = hint
            }
        }
        for (place, text) in Name.fixed.enumerated() {
            let hint = rules.rows.last { $0.name == text && $0.hint != nil }?.hint
            if let hint { hints[Name(number: place)] = hint }
        }
    }

    private mutating func add(_ rows: [CodeRules.Row], _ entry: Entries) {
        for row in rows {
            precondition(row.name == row.name.uppercased(), "names of code are in capitals")
            let parts = row.name.split(separator: ".")
            precondition(parts.count <= 2, "a name of code has one package at most: \(row.name)")
            let name = number(of: parts.last!)
            if parts.count == 1 {
                alone[Int(name.number)].insert(entry)
            } else {
                let member = Member(package: number(of: parts[0]), name: name)
                members[member, default: []].insert(entry)
            }
        }
    }

    private mutating func number(of text: Substring) -> Name {
        if let known = numbers[String(text)] { return known }
        let name = Name(number: names.count)
        names.append(String(text))
        alone.append([])
        numbers[String(text)] = name
        return name
    }

    /// The number of a word in capitals; almost every word of a query has none.
    func find(_ word: String) -> Name {
        lengths.contains(word.utf8.count) ? numbers[word] ?? .none : .none
    }

    /// What a name is behind another one and a point, or, without that, alone.
    func entries(of name: Name, in package: Name) -> Entries {
        if name == .none { return [] }
        let own = alone[Int(name.number)]
        if package == .none { return own }
        return own.union(members[Member(package: package, name: name)] ?? [])
    }

    func text(of name: Name) -> String { names[Int(name.number)] }

    func hint(for name: Name) -> String { hints[name] ?? hint }
}
