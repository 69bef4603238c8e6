/// Where a point lies in its statement: what decides whether a string is code there.
///
/// It is a part of `SQLState`, so it follows every way through branches and loops; where ways meet,
/// `joined` keeps whatever makes a string code on one of them.
///
/// Invariants:
/// - `depth` and `argument` stop at `countMax`, so that the data flow over a loop ends;
/// - what a join adds can only refuse more.
struct CodeContext: Equatable {
    struct Flags: OptionSet {
        let rawValue: UInt32

        /// A statement may begin here.
        static let start = Flags(rawValue: 1)
        /// Every string of the statement is code.
        static let whole = Flags(rawValue: 2)
        /// Behind CREATE or ALTER, before what is defined.
        static let defining = Flags(rawValue: 4)
        /// The last word was EXECUTE.
        static let execute = Flags(rawValue: 8)
        /// Behind PREPARE, before FROM.
        static let prepare = Flags(rawValue: 16)
        /// Behind OPEN, before FOR.
        static let open = Flags(rawValue: 32)
        /// What stands here is run as SQL, up to USING.
        static let dynamic = Flags(rawValue: 64)
        /// Directly behind the FOR of OPEN.
        static let cursor = Flags(rawValue: 128)
        /// The last token names a function with an argument that is code.
        static let function = Flags(rawValue: 256)
        /// Behind EXEC: the procedure's name comes, or a text in parentheses.
        static let call = Flags(rawValue: 512)
        /// The procedure's name, or a part of it, stands before.
        static let named = Flags(rawValue: 1024)
        /// The name is one whose arguments are all code.
        static let namedWhole = Flags(rawValue: 2048)
        /// The name is one whose first two arguments are code.
        static let namedLeading = Flags(rawValue: 4096)
        /// Among arguments that are all code.
        static let arguments = Flags(rawValue: 8192)
        /// Among arguments of which the first two are code.
        static let leading = Flags(rawValue: 16384)
        /// Values of a statement that is run: data.
        static let using = Flags(rawValue: 32768)
        /// An INSERT, before its data.
        static let insert = Flags(rawValue: 65536)
        /// An INSERT … SELECT.
        static let insertSelect = Flags(rawValue: 131_072)
        /// The last word was the FORMAT of an INSERT.
        static let format = Flags(rawValue: 262_144)
        /// Behind the VALUES of an INSERT.
        static let values = Flags(rawValue: 524_288)
        /// In `EXEC (…)` or a function with a code argument.
        static let text = Flags(rawValue: 1_048_576)
        /// A variable stands where a text that is run is due, if no `=` follows.
        static let variable = Flags(rawValue: 2_097_152)
        /// The last symbol was `@`.
        static let at = Flags(rawValue: 4_194_304)
        /// The last word was FROM, JOIN or FUNCTION: a table function can come.
        static let from = Flags(rawValue: 8_388_608)

        static let head: Flags = [
            .start, .execute, .function, .format, .cursor, .at, .from,
        ]
        static let procedure: Flags = [
            .call, .named, .namedWhole, .namedLeading, .arguments, .leading, .variable,
        ]
    }

    /// What a token did, beside moving the context.
    enum Effect {
        case none
        /// The text that is run is put together from more than one literal.
        case dynamicSource
        /// What follows is data of another format, to the end of the query.
        case formatData
    }

    private static let countMax: UInt8 = 32
    /// Words that begin a statement where no semicolon needs to stand before it.
    private static let verbs: Set<String> = [
        "INSERT", "UPDATE", "DELETE", "MERGE", "SELECT", "SET", "DECLARE", "IF", "WHILE", "BEGIN",
        "END", "PRINT", "RETURN", "TRUNCATE", "DROP", "CREATE", "ALTER",
    ]
    /// Words behind which a statement of a block can begin.
    private static let blockWords: Set<String> = [
        "BEGIN", "THEN", "ELSE", "LOOP", "REPEAT", "ATOMIC", "EXPLAIN", "FOR",
    ]
    /// Words behind CREATE that name something without code: what follows is no definition of it.
    private static let plainDefinitions: Set<String> = [
        "TABLE", "INDEX", "DATABASE", "SCHEMA", "SEQUENCE", "ROLE", "USER",
    ]
    /// Words that may stand behind the text of EXECUTE IMMEDIATE.
    private static let receivers: Set<String> = ["INTO", "BULK", "COLLECT", "RETURNING", "RETURN"]

    private static let constants: Set<String> = ["NULL", "TRUE", "FALSE"]

    private(set) var flags: Flags = .start
    /// Open parentheses since a call with a code argument; 0: none.
    private(set) var depth: UInt8 = 0
    /// Commas since the procedure's name.
    private(set) var argument: UInt8 = 0
    /// What makes a string code here; no part of equality.
    private(set) var name = CodeIndex.Name.none
    /// The name before the point that was the last token, or the name that was.
    private var package = CodeIndex.Name.none
    private var isBehindPoint = false

    static func == (left: CodeContext, right: CodeContext) -> Bool {
        left.flags == right.flags && left.depth == right.depth && left.argument == right.argument
            && left.package == right.package && left.isBehindPoint == right.isBehindPoint
    }

    /// Whether a string, or a value, that stands here is code.
    var isCode: Bool {
        var next = self
        next.takeOperand()
        return flags.contains(.call) || next.isText
    }

    private var isText: Bool {
        if !flags.isDisjoint(with: [.whole, .dynamic, .arguments]) || depth > 0 { return true }
        return flags.contains(.leading) && argument < 2
    }

    /// Whether a value here is handed to a statement that is run, as data.
    var isArgument: Bool {
        !isCode && !flags.isDisjoint(with: [.using, .leading])
    }

    /// Whether the query ends with the name of a variable whose text is run.
    var endsWithVariable: Bool { flags.contains(.variable) }

    /// Behind the VALUES of an INSERT.
    var isInData: Bool { flags.contains(.values) }

    func joined(_ other: CodeContext) -> CodeContext {
        var joined = self
        joined.flags.formUnion(other.flags)
        // A value counts as handed over only if it is on every way.
        if !flags.contains(.using) || !other.flags.contains(.using) { joined.flags.remove(.using) }
        joined.depth = max(depth, other.depth)
        joined.argument =
            switch (flags.contains(.leading), other.flags.contains(.leading)) {
            case (true, false): argument
            case (false, true): other.argument
            default: min(argument, other.argument)
            }
        if !isCode, other.isCode { joined.name = other.name }
        if package == .none { joined.package = other.package }
        joined.isBehindPoint = isBehindPoint || other.isBehindPoint
        return joined
    }

    // MARK: Tokens

    /// A keyword or a name without quotes, in capitals.
    mutating func takeWord(
        _ word: String, _ index: CodeIndex, hasFormatData: Bool
    ) -> Effect {
        var effect = Effect.none
        let before = flags
        let found = index.find(word)
        let entries = index.entries(of: found, in: isBehindPoint ? package : .none)
        flags.subtract(.head)
        package = found
        isBehindPoint = false
        if before.contains(.format), word != "VALUES" { effect = .formatData }
        if index.dynamic == .procedures {
            if before.contains(.variable), Self.verbs.contains(word) { effect = .dynamicSource }
            if takeCallWord(word, found, entries, before) { return effect }
        } else if index.dynamic == .using, takeDynamicWord(word, before) {
            return .dynamicSource
        }
        if before.contains(.start) || (index.dynamic == .procedures && Self.verbs.contains(word)) {
            begin(word, found, entries)
        } else if before.contains(.defining) {
            if entries.contains(.definition) {
                flags.insert(.whole)
                name = found
                flags.remove(.defining)
            } else if Self.plainDefinitions.contains(word) {
                flags.remove(.defining)
            }
        }
        if Self.blockWords.contains(word) { flags.insert(.start) }
        if takesExpressions(index), !Self.constants.contains(word) { effect = .dynamicSource }
        if entries.contains(.function) {
            flags.insert(.function)
            if depth == 0, !flags.contains(.whole) { name = found }
        }
        if hasFormatData { takeInsertWord(word, before) }
        return effect
    }

    private func takesExpressions(_ index: CodeIndex) -> Bool {
        depth > 0 && index.functionsTakeExpressions
    }

    private mutating func begin(
        _ word: String, _ found: CodeIndex.Name, _ entries: CodeIndex.Entries
    ) {
        flags.remove(.defining)
        if entries.contains(.statement) {
            flags.insert(.whole)
            name = found
        }
        switch word {
        case "CREATE", "ALTER": flags.insert(.defining)
        case "INSERT": flags.insert(.insert)
        default: break
        }
    }

    private mutating func takeInsertWord(_ word: String, _ before: Flags) {
        switch word {
        case "FROM", "JOIN", "FUNCTION": flags.insert(.from)
        case "FORMAT" where before.contains(.from):
            flags.insert(.function)
            name = .format
        case "SELECT", "WITH":
            if flags.contains(.insert) {
                flags.remove(.insert)
                flags.insert(.insertSelect)
            }
        case "VALUES":
            if flags.contains(.insert) { flags.insert(.values) }
            flags.remove(.insert)
        case "INPUT": if flags.contains(.insertSelect) { flags.insert(.insert) }
        case "FORMAT": if flags.contains(.insert) { flags.insert(.format) }
        default: break
        }
    }

    /// True: the word is part of a text that is run, and no literal.
    private mutating func takeDynamicWord(_ word: String, _ before: Flags) -> Bool {
        if before.contains(.dynamic) {
            if word == "USING" {
                flags.remove(.dynamic)
                flags.insert(.using)
                return false
            }
            if before.contains(.cursor), word == "SELECT" || word == "WITH" {
                flags.remove(.dynamic)
                return false
            }
            if Self.receivers.contains(word) {
                flags.remove(.dynamic)
                flags.insert(.prepare)
                return false
            }
            return true
        }
        if before.contains(.start) { flags.subtract([.prepare, .open]) }
        switch word {
        case "EXECUTE": flags.formUnion([.execute, .prepare])
        case "IMMEDIATE" where before.contains(.execute): startText(.executeImmediate)
        case "PREPARE" where before.contains(.start): flags.insert(.prepare)
        case "FROM" where before.contains(.prepare): startText(.prepare)
        case "OPEN" where before.contains(.start): flags.insert(.open)
        case "FOR" where before.contains(.open):
            startText(.open)
            flags.insert(.cursor)
        case "USING" where before.contains(.prepare): flags.insert(.using)
        default: break
        }
        return false
    }

    private mutating func startText(_ statement: CodeIndex.Name) {
        flags.subtract([.prepare, .open])
        flags.insert(.dynamic)
        name = statement
    }

    /// True: the word belongs to an EXEC.
    private mutating func takeCallWord(
        _ word: String, _ found: CodeIndex.Name, _ entries: CodeIndex.Entries, _ before: Flags
    ) -> Bool {
        if word == "EXEC" || word == "EXECUTE" {
            flags.subtract(.procedure)
            flags.insert(.call)
            name = .exec
            argument = 0
            return true
        }
        if !flags.isDisjoint(with: [.arguments, .leading, .named]), Self.verbs.contains(word) {
            flags.subtract(.procedure)
            return false
        }
        if before.contains(.call) {
            takeProcedureName(found, entries)
            return true
        }
        if before.contains(.named) { beginArguments() }
        // The first statement may call a procedure without the word EXEC.
        if before.contains(.start), !Self.verbs.contains(word) {
            takeProcedureName(found, entries)
            return false
        }
        if before.contains(.at), flags.contains(.leading) {
            // `@stmt = …` is the statement, wherever it stands.
            if ["STMT", "STATEMENT", "PARAMS"].contains(word) { argument = 0 }
            if argument < 2 { flags.insert(.variable) }
        }
        return !flags.isDisjoint(with: [.arguments, .leading])
    }

    private mutating func takeProcedureName(
        _ found: CodeIndex.Name, _ entries: CodeIndex.Entries
    ) {
        flags.subtract([.call, .namedWhole, .namedLeading])
        flags.insert(.named)
        if entries.contains(.procedure) { flags.insert(.namedWhole) }
        if entries.contains(.statementProcedure) { flags.insert(.namedLeading) }
        if !entries.isEmpty { name = found }
    }

    private mutating func beginArguments() {
        if flags.contains(.namedWhole) { flags.insert(.arguments) }
        if flags.contains(.namedLeading) { flags.insert(.leading) }
        flags.subtract([.named, .namedWhole, .namedLeading])
        argument = 0
    }

    /// A name in quotes, in capitals.
    mutating func takeName(_ text: String, _ index: CodeIndex) -> Effect {
        let before = flags
        let found = index.find(text)
        let entries = index.entries(of: found, in: isBehindPoint ? package : .none)
        flags.subtract(.head)
        package = found
        isBehindPoint = false
        if before.contains(.call) {
            takeProcedureName(found, entries)
            return .none
        }
        if before.contains(.named) { beginArguments() }
        let effect: Effect =
            before.contains(.dynamic) || takesExpressions(index) ? .dynamicSource : .none
        if entries.contains(.function) {
            flags.insert(.function)
            if depth == 0, !flags.contains(.whole) { name = found }
        }
        return effect
    }

    /// A string, a number or a value that a tag writes.
    mutating func takeOperand() {
        flags.subtract(.head)
        package = .none
        isBehindPoint = false
        if flags.contains(.named) { beginArguments() }
        flags.remove(.call)
    }

    mutating func takeSymbol(_ symbol: UInt8, _ index: CodeIndex) -> Effect {
        let before = flags
        flags.subtract(.head)
        isBehindPoint = symbol == UInt8(ascii: ".")
        if !isBehindPoint { package = .none }
        var effect = Effect.none
        if before.contains(.variable), symbol != UInt8(ascii: "@") {
            flags.remove(.variable)
            if symbol != UInt8(ascii: "=") { effect = .dynamicSource }
        }
        if before.contains(.named) {
            if symbol == UInt8(ascii: ".") || symbol == UInt8(ascii: "=") {
                flags.subtract([.named, .namedWhole, .namedLeading])
                flags.insert(.call)
                return effect
            }
            if symbol != UInt8(ascii: ";") { beginArguments() }
        }
        switch symbol {
        case UInt8(ascii: ";"): end()
        case UInt8(ascii: "("): openParenthesis(before)
        case UInt8(ascii: ")"): closeParenthesis()
        case UInt8(ascii: ","):
            if depth == 0, argument < Self.countMax { argument += 1 }
        case UInt8(ascii: "@"):
            flags.insert(.at)
            // EXEC (@text) runs what a variable holds.
            if depth > 0, flags.contains(.text), index.dynamic == .procedures {
                effect = .dynamicSource
            }
            if flags.contains(.dynamic) { effect = .dynamicSource }
        case UInt8(ascii: "|"), UInt8(ascii: "+"):
            if flags.contains(.dynamic) { effect = .dynamicSource }
        default: break
        }
        return effect
    }

    /// A statement's end. What stands in a block that is code as a whole stays so.
    private mutating func end() {
        flags = .start
        depth = 0
        argument = 0
    }

    private mutating func openParenthesis(_ before: Flags) {
        if depth > 0 {
            if depth < Self.countMax { depth += 1 }
        } else if !before.isDisjoint(with: [.function, .call]) {
            depth = 1
            flags.insert(.text)
        }
        flags.remove(.call)
    }

    private mutating func closeParenthesis() {
        guard depth > 0, depth < Self.countMax else { return }
        depth -= 1
        if depth == 0 { flags.remove(.text) }
    }
}
