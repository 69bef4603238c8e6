internal import SegmentModel

/// Finds the literals of a template that can be parameters, with the same result.
///
/// A database gives a literal in quotes the type that its place asks for, and does the same with a
/// parameter of no declared type. For PostgreSQL see `coerce_type` in
/// `src/backend/parser/parse_coerce.c`: an unknown constant and an unknown parameter are
/// resolved alike, and both are read by the type's input function. That holds for whole literals
/// that are an expression of their own. So a value is bound only
/// - as a complete literal: without a prefix (`E'…'`, `DATE '…'`), static text around its tags only
///   where it needs no escaping;
/// - behind `(`, `,` or a comparison, and before `,`, `)`, a keyword that ends an expression or the
///   end;
/// - in the only statement of a query, one that writes rows, without a clause in which a constant
///   and a parameter differ (ORDER BY 1, LIMIT, GROUP BY);
/// - where the text has the same shape for every batch: no conditions, no loops in loops.
///
/// SQLite gives neither a literal in quotes nor a parameter an affinity
/// (https://sqlite.org/datatype3.html, sections 3.2 and 4.2), so that both are converted alike; the
/// same rules keep constants apart that are more than values.
///
/// MariaDB is asked for less: only values that go into a column as they are, in the rows of
/// `INSERT … VALUES` and behind `=` in ON DUPLICATE KEY UPDATE. MySQL's own server types parameters
/// by rules of its own and has no bulk protocol; its session does not bind.
struct BindingAnalysis {
    private static let refusedWords: Set<String> = [
        "ORDER", "GROUP", "LIMIT", "OFFSET", "FETCH", "WINDOW", "OVER", "PARTITION", "HAVING",
        "UNION", "EXCEPT", "INTERSECT", "DISTINCT", "INTERVAL", "EXECUTE", "PREPARE", "CALL",
    ]
    static let rowWiseRefusedWords: Set<String> = [
        "SELECT", "LAST_INSERT_ID", "ROW_COUNT", "FOUND_ROWS", "RETURNING", "SET", "DELAYED",
        "IGNORE",
    ]
    static let closingWords: Set<String> = [
        "WHERE", "AND", "OR", "ON", "RETURNING", "FROM",
    ]

    let program: Program
    private let dialect: SQLDialect
    private(set) var plan = BoundPlan()
    /// Text of the instruction at hand that is taken already, up to here.
    private var taken = 0
    private var isInLoop = false
    private var opened = 0

    /// The plan; nil if nothing of the template is bound.
    static func plan(
        _ program: Program, _ statements: [QueryStatement], _ dialect: SQLDialect
    ) -> BoundPlan? {
        guard statements.count == 1, takes(statements[0], dialect), !hasComment(program.literals)
        else { return nil }
        var analysis = BindingAnalysis(program: program, dialect: dialect)
        guard analysis.run() else { return nil }
        let plan = analysis.plan
        guard !plan.columns.isEmpty || plan.list != nil else { return nil }
        return plan.isRowWise && !analysis.isRowWise(statements[0]) ? nil : plan
    }

    private init(program: Program, dialect: SQLDialect) {
        self.program = program
        self.dialect = dialect
        plan.isRowWise = dialect.binding?.isRowWise == true
    }

    private static func takes(_ statement: QueryStatement, _ dialect: SQLDialect) -> Bool {
        dialect.binding?.verbs.contains(statement.verb) == true
            && !statement.words.contains { refusedWords.contains($0.text) }
    }

    /// Also one in a string: telling them apart gains little.
    private static func hasComment(_ literals: [UInt8]) -> Bool {
        var last: UInt8 = 0
        for byte in literals {
            if byte == UInt8(ascii: "#") || byte == UInt8(ascii: "?") { return true }
            if byte == UInt8(ascii: "-"), last == byte { return true }
            if byte == UInt8(ascii: "*"), last == UInt8(ascii: "/") { return true }
            last = byte
        }
        return false
    }

    // MARK: Instructions

    private mutating func run() -> Bool {
        var index = 0
        while index < program.instructions.count {
            switch program.instructions[index] {
            case .text(let range):
                let start = max(range.lowerBound, taken)
                guard let next = text(start..<range.upperBound, at: index) else { return false }
                index = next
            case .value(let expression):
                guard value(expression, at: index) else { return false }
                index += 1
            case .batchIn:
                guard !isInLoop, plan.list == nil, isLiteral(index) else { return false }
                plan.list = index
                plan.operations.append(.list)
                index += 1
            case .autocomma:
                guard isInLoop else { return false }
                plan.operations.append(.autocomma)
                index += 1
            case .loopBatch:
                guard !isInLoop else { return false }
                isInLoop = true
                opened = plan.operations.count
                plan.operations.append(.loop(end: 0))
                index += 1
            case .loopEnd:
                plan.operations.append(.loopEnd(start: opened))
                plan.operations[opened] = .loop(end: plan.operations.count)
                isInLoop = false
                index += 1
            case .blockEnd: index += 1
            case .loopItems, .branch, .jump: return false
            }
        }
        return true
    }

    /// Takes text up to a string with tags in it, and that string; the next instruction.
    private mutating func text(_ range: Range<Int>, at index: Int) -> Int? {
        guard index + 1 < program.instructions.count, case .value = program.instructions[index + 1],
            case .string(let form)? = program.contexts[index + 1].placement
        else {
            append(range)
            return index + 1
        }
        guard form.quote == UInt8(ascii: "'"), let start = openingQuote(in: range),
            let end = literal(from: start, at: index)
        else {
            return nil
        }
        let (parts, next, closed) = end
        guard isOpen(before: start, in: index), isClosed(from: closed, in: next) else { return nil }
        append(range.lowerBound..<start)
        add(BoundPlan.Parameter(parts: parts, isQuoted: true))
        taken = closed
        return next
    }

    /// The quote that opens the string which `range` leaves open.
    private func openingQuote(in range: Range<Int>) -> Int? {
        guard let last = program.literals[range].lastIndex(of: UInt8(ascii: "'")) else {
            return nil
        }
        guard last > range.lowerBound else { return last }
        let before = program.literals[last - 1]
        return before == UInt8(ascii: "'") || before == UInt8(ascii: "\\") ? nil : last
    }

    /// What stands between the quotes, the instruction in which the string ends, and where.
    private func literal(
        from start: Int, at first: Int
    ) -> (parts: [BoundPlan.Part], next: Int, closed: Int)? {
        var parts: [BoundPlan.Part] = []
        var index = first
        while index < program.instructions.count {
            switch program.instructions[index] {
            case .value: parts.append(.value(index))
            case .text(let range):
                let begin = index == first ? start + 1 : range.lowerBound
                let quote = program.literals[begin..<range.upperBound].firstIndex(
                    of: UInt8(ascii: "'"))
                let part = begin..<(quote ?? range.upperBound)
                guard !program.literals[part].contains(where: Self.needsCare) else { return nil }
                if !part.isEmpty { parts.append(.text(part)) }
                guard let quote else { break }
                let isDoubled =
                    quote + 1 < range.upperBound
                    && program.literals[quote + 1] == UInt8(ascii: "'")
                return isDoubled ? nil : (parts, index, quote + 1)
            default: return nil
            }
            index += 1
        }
        return nil
    }

    private static func needsCare(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\\") || byte == 0
    }

    private mutating func append(_ range: Range<Int>) {
        if !range.isEmpty { plan.operations.append(.text(range)) }
    }

    private mutating func value(_ expression: Expression, at index: Int) -> Bool {
        if isConstant(expression) {
            plan.operations.append(.inlined(index))
            return true
        }
        guard isLiteral(index) else { return false }
        add(BoundPlan.Parameter(parts: [.value(index)], isQuoted: false))
        return true
    }

    /// The same for every batch of a lane with as many rows.
    private func isConstant(_ expression: Expression) -> Bool {
        switch expression {
        case .scope(.segmentID): true
        case .index: !plan.isRowWise
        default: false
        }
    }

    /// A complete literal without quotes, where an expression can stand.
    private func isLiteral(_ index: Int) -> Bool {
        guard case .literal? = program.contexts[index].placement, index > 0 else { return false }
        guard case .text(let before) = program.instructions[index - 1] else {
            return isOpen(before: nil, in: index)
                && isClosed(from: nil, in: index + 1)
        }
        return isOpen(before: before.upperBound, in: index - 1)
            && isClosed(from: nil, in: index + 1)
    }

    private mutating func add(_ parameter: BoundPlan.Parameter) {
        if parameter.parts.contains(where: isOfRow) {
            plan.operations.append(.column(plan.columns.count))
            plan.columns.append(parameter)
        } else {
            plan.operations.append(.shared(plan.shared.count))
            plan.shared.append(parameter)
        }
    }

    private func isOfRow(_ part: BoundPlan.Part) -> Bool {
        guard case .value(let index) = part,
            case .value(let expression) = program.instructions[index]
        else { return false }
        return expression.isOfRow
    }
}
