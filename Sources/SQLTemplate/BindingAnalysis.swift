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
/// MariaDB is asked for less: only values that go into a column as they are, in the rows of
/// `INSERT … VALUES` and behind `=` in ON DUPLICATE KEY UPDATE. MySQL's own server types parameters
/// by rules of its own and has no bulk protocol; its session does not bind.
struct BindingAnalysis {
    private static let refusedWords: Set<String> = [
        "ORDER", "GROUP", "LIMIT", "OFFSET", "FETCH", "WINDOW", "OVER", "PARTITION", "HAVING",
        "UNION", "EXCEPT", "INTERSECT", "DISTINCT", "INTERVAL", "EXECUTE", "PREPARE", "CALL",
    ]
    private static let rowWiseRefusedWords: Set<String> = [
        "SELECT", "LAST_INSERT_ID", "ROW_COUNT", "FOUND_ROWS", "RETURNING", "SET", "DELAYED",
    ]
    private static let closingWords: Set<String> = [
        "WHERE", "AND", "OR", "ON", "RETURNING", "FROM",
    ]

    private let program: Program
    private let dialect: SQLDialect
    private var plan = BoundPlan()
    /// Text of the instruction at hand that is taken already, up to here.
    private var taken = 0
    private var isInLoop = false
    private var opened = 0

    /// The plan; nil if nothing of the template is bound.
    static func plan(
        _ program: Program, _ statements: [QueryStatement], _ dialect: SQLDialect
    ) -> BoundPlan? {
        guard dialect.kind == .postgresql || dialect.kind == .mysql,
            statements.count == 1, takes(statements[0], dialect), !hasComment(program.literals)
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
        plan.isRowWise = dialect.kind == .mysql
    }

    private static func takes(_ statement: QueryStatement, _ dialect: SQLDialect) -> Bool {
        let verbs: Set<String> =
            dialect.kind == .postgresql
            ? ["INSERT", "UPDATE", "DELETE", "MERGE"] : ["INSERT", "REPLACE"]
        return verbs.contains(statement.verb)
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

/// What stands before and behind a literal.
extension BindingAnalysis {
    private static func isSign(_ byte: UInt8) -> Bool { "+-*/<>=~!@#%^&|?:".utf8.contains(byte) }

    /// Whether what comes is an expression of its own: behind `(`, `,` or a comparison. `offset`:
    /// where it begins in this text; nil: directly behind a tag, at this instruction.
    fileprivate func isOpen(before offset: Int?, in index: Int) -> Bool {
        if let offset, case .text(let range) = program.instructions[index],
            let last = program.literals[range.lowerBound..<offset].lastIndex(where: {
                !SQLLexer.isSpace($0)
            })
        {
            return isOpening(last, from: range.lowerBound)
        }
        // The first turn of a loop; before the others a comma must stand.
        guard index >= 2, case .loopBatch(_, let end) = program.instructions[index - 1],
            case .text(let range) = program.instructions[index - 2],
            isOpen(before: range.upperBound, in: index - 2)
        else { return false }
        return comma(before: end - 1) != nil
    }

    private func isOpening(_ place: Int, from start: Int) -> Bool {
        func byte(_ distance: Int) -> UInt8 {
            place - distance >= start ? program.literals[place - distance] : 0x20
        }
        switch byte(0) {
        case UInt8(ascii: "("), UInt8(ascii: ","): return true
        case UInt8(ascii: "<"): return !Self.isSign(byte(1))
        case UInt8(ascii: ">"):
            return byte(1) == UInt8(ascii: "<") ? !Self.isSign(byte(2)) : !Self.isSign(byte(1))
        case UInt8(ascii: "="):
            return "<>!".utf8.contains(byte(1))
                ? !Self.isSign(byte(2)) : !Self.isSign(byte(1))
        default: return false
        }
    }

    /// The `{autocomma}` that ends a loop's turn, but for white space.
    private func comma(before end: Int) -> Int? {
        var index = end - 1
        while index > 0 {
            switch program.instructions[index] {
            case .autocomma: return index
            case .text(let range) where program.literals[range].allSatisfy(SQLLexer.isSpace):
                index -= 1
            default: return nil
            }
        }
        return nil
    }

    /// Whether the expression ends here. `offset`: in this text; nil: where the instruction begins.
    fileprivate func isClosed(from offset: Int?, in index: Int) -> Bool {
        var index = index
        var offset = offset
        while index < program.instructions.count {
            switch program.instructions[index] {
            case .text(let range):
                let begin = offset ?? range.lowerBound
                let rest = program.literals[begin..<range.upperBound]
                if let next = rest.firstIndex(where: { !SQLLexer.isSpace($0) }) {
                    return isClosing(program.literals[next..<range.upperBound])
                }
                index += 1
            case .autocomma:
                // The last turn writes none: what follows the loop counts.
                guard
                    let end = program.instructions[index...].firstIndex(where: {
                        if case .loopEnd = $0 { true } else { false }
                    }), comma(before: end) == index
                else { return false }
                index = end + 1
            case .blockEnd: index += 1
            default: return false
            }
            offset = nil
        }
        return true
    }

    private func isClosing(_ text: ArraySlice<UInt8>) -> Bool {
        if ",);".utf8.contains(text.first ?? 0) { return true }
        let word = text.prefix { SQLLexer.isWordStart($0) || SQLLexer.isDigit($0) }
        return Self.closingWords.contains(String(decoding: word, as: UTF8.self).uppercased())
    }
}

/// What MariaDB's rows are asked for.
extension BindingAnalysis {
    /// Whether every value goes into a column as it is, and the loop, if there is one, writes the
    /// rows of VALUES.
    fileprivate func isRowWise(_ statement: QueryStatement) -> Bool {
        guard plan.list == nil,
            !statement.words.contains(where: { Self.rowWiseRefusedWords.contains($0.text) })
        else { return false }
        var walk = TupleWalk(literals: program.literals)
        for (index, operation) in plan.operations.enumerated() {
            switch operation {
            case .text(let range): walk.take(range)
            case .inlined: walk.takeValue()
            case .shared, .column:
                guard walk.isAtColumn else { return false }
                walk.takeValue()
            case .loop: guard walk.isBehindValues, walk.depth == 0 else { return false }
            case .autocomma:
                guard walk.isBehindTuple, isTurnOver(behind: index) else { return false }
            case .list: return false
            case .loopEnd: guard walk.isBehindTuple else { return false }
            }
            if walk.isConfused { return false }
        }
        return walk.tupleCount == 1
    }

    private func isTurnOver(behind index: Int) -> Bool {
        for operation in plan.operations[(index + 1)...] {
            switch operation {
            case .loopEnd: return true
            case .text(let range):
                guard program.literals[range].allSatisfy(SQLLexer.isSpace) else { return false }
            default: return false
            }
        }
        return false
    }
}

/// Follows the parentheses of `INSERT … VALUES (…) ON DUPLICATE KEY UPDATE …`.
private struct TupleWalk {
    let literals: [UInt8]
    private(set) var depth = 0
    private(set) var isConfused = false
    /// Tuples behind VALUES.
    private(set) var tupleCount = 0
    private var isInTuple = false
    private var isInString = false
    /// The last word, in capitals, if nothing stands behind it.
    private var word = ""
    private var last: UInt8 = 0
    private var isBehindUpdate = false

    init(literals: [UInt8]) { self.literals = literals }

    var isBehindValues: Bool { word == "VALUES" || word == "VALUE" }
    var isBehindTuple: Bool { depth == 0 && tupleCount == 1 && last == UInt8(ascii: ")") }

    var isAtColumn: Bool {
        if isInTuple && depth == 1 { return last == UInt8(ascii: "(") || last == UInt8(ascii: ",") }
        return isBehindUpdate && depth == 0 && last == UInt8(ascii: "=")
    }

    mutating func takeValue() {
        word = ""
        last = 0
    }

    mutating func take(_ range: Range<Int>) {
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = literals[index]
            index += 1
            if isInString {
                if byte == UInt8(ascii: "'") { isInString = false }
                if byte == UInt8(ascii: "\\") { isConfused = true }
                continue
            }
            if SQLLexer.isSpace(byte) { continue }
            if SQLLexer.isWordStart(byte) {
                let start = index - 1
                while index < range.upperBound,
                    SQLLexer.isWordStart(literals[index]) || SQLLexer.isDigit(literals[index])
                {
                    index += 1
                }
                word = String(decoding: literals[start..<index], as: UTF8.self).uppercased()
                if word == "UPDATE", tupleCount == 1 { isBehindUpdate = true }
                last = UInt8(ascii: "a")
                continue
            }
            take(byte)
        }
        // A string goes on in the next text only around tags, which bind whole strings.
        if isInString { isConfused = true }
    }

    private mutating func take(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "("):
            if depth == 0, isBehindValues, !isBehindUpdate {
                isInTuple = true
                tupleCount += 1
            }
            depth += 1
        case UInt8(ascii: ")"):
            depth -= 1
            if depth == 0 { isInTuple = false }
            if depth < 0 { isConfused = true }
        case UInt8(ascii: "'"): isInString = true
        case UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "\\"): isConfused = true
        case UInt8(ascii: ","):
            // VALUES (…), (…)
            if depth == 0, tupleCount == 1, !isBehindUpdate { isConfused = true }
        default: break
        }
        last = byte
        word = ""
    }
}
