/// Finds out where in the SQL each tag stands, on every way through the program.
///
/// A forward data flow over the flat program: the modes must agree wherever two ways meet, the
/// seams are united. Complexity: linear in the template, times the depth of its loops.
struct ContextAnalysis {
    /// Two states, because `{autocomma}` writes a comma or not: `more` if the innermost loop has
    /// another turn, `last` if it does not. Outside of loops both are the same.
    struct Point: Equatable {
        var more = SQLState()
        var last = SQLState()

        func joined(_ other: Point) -> Point {
            Point(more: more.joined(other.more), last: last.joined(other.last))
        }
    }

    let dialect: SQLDialect
    let program: Program
    let offsets: [Int]
    let template: SplitTemplate
    /// Before each instruction, and at the end; nil: not reached.
    private var points: [Point?]
    private let texts: LexedTexts

    private init(dialect: SQLDialect, builder: ProgramBuilder, template: SplitTemplate) {
        self.dialect = dialect
        program = builder.program
        offsets = builder.offsets
        self.template = template
        texts = LexedTexts(dialect, program)
        points = Array(repeating: nil, count: program.instructions.count + 1)
    }

    /// The context of each instruction, and the tokens around the tags in the template's order.
    /// Meaningless if an error was found.
    static func run(
        _ builder: ProgramBuilder, dialect: SQLDialect, template: SplitTemplate,
        _ diagnostics: inout Diagnostics
    ) -> (contexts: [InstructionContext], tokens: [SQLToken]) {
        var analysis = ContextAnalysis(dialect: dialect, builder: builder, template: template)
        analysis.solve()
        analysis.report(&diagnostics)
        return (analysis.contexts(), analysis.tokens())
    }

    private mutating func solve() {
        points[0] = Point()
        var isDirty = Array(repeating: true, count: points.count)
        var isAgain = true
        while isAgain {
            isAgain = false
            for index in program.instructions.indices where isDirty[index] {
                guard let point = points[index] else { continue }
                isDirty[index] = false
                let successors = successors(of: index, point)
                if reach(successors.first, &isDirty), successors.first.target <= index {
                    isAgain = true
                }
                if let second = successors.second, reach(second, &isDirty), second.target <= index {
                    isAgain = true
                }
            }
        }
    }

    /// Whether what is known of the place has changed.
    private mutating func reach(
        _ way: (target: Int, state: Point), _ isDirty: inout [Bool]
    ) -> Bool {
        if let point = points[way.target] {
            let joined = point.joined(way.state)
            if joined == point { return false }
            points[way.target] = joined
        } else {
            points[way.target] = way.state
        }
        isDirty[way.target] = true
        return true
    }

    // MARK: One instruction

    /// Where an instruction leads to, one place or two.
    private struct Successors {
        let first: (target: Int, state: Point)
        var second: (target: Int, state: Point)?

        init(_ target: Int, _ state: Point) { first = (target, state) }
    }

    private func successors(of index: Int, _ point: Point) -> Successors {
        func both(_ state: SQLState) -> Point { Point(more: state, last: state) }
        var next = point
        switch program.instructions[index] {
        case .text(let range):
            next.more = texts.lexed(index, range, point.more).state
            next.last =
                point.last == point.more
                ? next.more : texts.lexed(index, range, point.last).state
        case .value(let expression):
            let isInteger = expression.isInteger
            next.more = Self.behindValue(point.more, isInteger: isInteger)
            next.last = Self.behindValue(point.last, isInteger: isInteger)
        case .batchIn:
            next.more = Self.behindValue(point.more, isInteger: false)
            next.last = Self.behindValue(point.last, isInteger: false)
        case .autocomma:
            if next.more.mode == .plain { next.more.seams = [] }
        case .loopBatch(_, let end), .loopItems(_, _, let end):
            let entry = both(point.more.joined(point.last))
            var successors = Successors(index + 1, entry)
            successors.second = (end, entry)
            return successors
        case .loopEnd(_, let start):
            var successors = Successors(start + 1, both(point.more))
            successors.second = (index + 1, both(point.last))
            return successors
        case .branch(_, let otherwise):
            var successors = Successors(index + 1, point)
            successors.second = (otherwise, point)
            return successors
        case .jump(let target): return Successors(target, point)
        case .blockEnd: break
        }
        return Successors(index + 1, next)
    }

    /// An integer may continue a word (`table_{segment_id}`).
    private static func behindValue(_ state: SQLState, isInteger: Bool) -> SQLState {
        guard state.mode == .plain else { return state }
        var next = state
        let isInWord = isInteger && !state.seams.isDisjoint(with: [.word, .integer])
        next.seams = isInWord ? .integer : [.value, .afterValue]
        if !isInWord { next.code.takeOperand() }
        return next
    }

    // MARK: What is wrong

    private func report(_ diagnostics: inout Diagnostics) {
        for index in program.instructions.indices {
            guard let point = points[index] else { continue }
            let states = point.more == point.last ? [point.more] : [point.more, point.last]
            for state in states where !reportInstruction(index, state, &diagnostics) {
                return
            }
            let successors = successors(of: index, point)
            guard let target = torn(successors.first) ?? successors.second.flatMap(torn) else {
                continue
            }
            diagnostics.error(
                "context", at: offsets[index == target ? index : blockOffset(index, target)],
                "the ways through this block leave the SQL in different places, for example one"
                    + " inside of a string and one outside",
                hint: "open and close each quote on the same way")
            return
        }
        reportDynamicText(&diagnostics)
        if let state = points[program.instructions.count]?.last {
            reportEnd(state, &diagnostics)
        }
    }

    /// The place that a way leads to, if another one arrives there elsewhere in the SQL.
    private func torn(_ way: (target: Int, state: Point)) -> Int? {
        let mode = points[way.target]?.more.mode
        return mode.map { $0 != way.state.more.mode } ?? false ? way.target : nil
    }

    /// The instruction whose tag opens the block that a way from `index` to `target` ends in.
    private func blockOffset(_ index: Int, _ target: Int) -> Int {
        if target <= index { return target - 1 }
        guard target < program.instructions.count else { return index }
        if case .blockEnd = program.instructions[target] { return target }
        return index
    }

    /// False if what follows cannot be judged.
    private func reportInstruction(
        _ index: Int, _ state: SQLState, _ diagnostics: inout Diagnostics
    ) -> Bool {
        switch program.instructions[index] {
        case .text(let range):
            for (problem, offset) in texts.lexed(index, range, state).problems
            where problem != .dynamicSource {
                let place = template.sourceOffset(ofLiteral: offset)
                let (message, hint) = ContextMessages.text(problem, dialect)
                diagnostics.error("context", at: place, message, hint: hint)
            }
            return true
        case .blockEnd, .jump, .loopEnd: return true
        default: break
        }
        if case .sealed(let seal) = state.mode {
            let fault =
                state.code.isCode && seal.isText
                ? ContextMessages.code(state.code, dialect) : ContextMessages.tag(in: seal)
            diagnostics.error("context", at: offsets[index], fault.message, hint: fault.hint)
            return false
        }
        guard let isInteger = isIntegerWritten(by: index) else { return true }
        let isList = if case .batchIn = program.instructions[index] { true } else { false }
        var fault = ContextMessages.value(state, isInteger: isInteger, isList: isList, dialect)
        if !isInteger, state.code.isCode { fault = ContextMessages.code(state.code, dialect) }
        if let fault {
            diagnostics.error("context", at: offsets[index], fault.message, hint: fault.hint)
        }
        return true
    }

    /// Whether the instruction can write integers only; nil: it writes no value.
    private func isIntegerWritten(by index: Int) -> Bool? {
        switch program.instructions[index] {
        case .value(let expression): expression.isInteger
        case .batchIn: false
        default: nil
        }
    }

    // MARK: Texts that are run

    /// Where a text that is run is put together of more than one literal, a value anywhere else in
    /// the query could become a part of it.
    private func reportDynamicText(_ diagnostics: inout Diagnostics) {
        guard isDynamic else { return }
        for index in program.instructions.indices {
            guard let point = points[index], isIntegerWritten(by: index) == false else { continue }
            guard !point.more.code.isArgument || !point.last.code.isArgument,
                !point.more.code.isCode, !point.last.code.isCode
            else { continue }
            diagnostics.error(
                "context", at: offsets[index],
                "the query runs a text that it puts together, and a value could become a part of"
                    + " it",
                hint: dialect.code.hint)
        }
    }

    private var isDynamic: Bool {
        if let end = points[program.instructions.count],
            end.more.code.endsWithVariable || end.last.code.endsWithVariable
        {
            return true
        }
        guard texts.hasDynamicSource else { return false }
        for index in program.instructions.indices {
            guard case .text(let range) = program.instructions[index], let point = points[index]
            else { continue }
            let isFound = [point.more, point.last].contains { state in
                texts.lexed(index, range, state).problems.contains { $0.problem == .dynamicSource }
            }
            if isFound { return true }
        }
        return false
    }

    private func reportEnd(_ state: SQLState, _ diagnostics: inout Diagnostics) {
        guard let message = ContextMessages.unterminated(state.mode) else { return }
        let place = template.sourceOffset(ofLiteral: state.openedAt)
        diagnostics.error("unterminated", at: place, message)
    }

    // MARK: The result

    private func contexts() -> [InstructionContext] {
        program.instructions.indices.map { index in
            guard let state = points[index]?.more else { return InstructionContext() }
            switch program.instructions[index] {
            case .value, .batchIn: return InstructionContext(placement: placement(index, state))
            case .text(let range):
                let end = texts.lexed(index, range, state).state
                guard case .string(let form) = end.mode, form.lacksNational,
                    range.contains(end.openedAt)
                else { return InstructionContext() }
                return InstructionContext(openedAt: end.openedAt)
            default: return InstructionContext()
            }
        }
    }

    private func tokens() -> [SQLToken] {
        var tokens: [SQLToken] = []
        var offset = 0
        for (index, instruction) in program.instructions.enumerated() {
            guard let state = points[index]?.more else { continue }
            switch instruction {
            case .text(let range):
                tokens += texts.lexed(index, range, state).tokens
                offset = range.upperBound
            case .value(let expression) where state.mode == .plain:
                var isSegment = false
                if case .scope(.segmentID) = expression { isSegment = true }
                tokens.append(
                    SQLToken(kind: .value(isSegment: isSegment), range: offset..<offset))
            case .batchIn where state.mode == .plain:
                tokens.append(SQLToken(kind: .value(isSegment: false), range: offset..<offset))
            default: break
            }
        }
        return tokens
    }

    private func placement(_ index: Int, _ state: SQLState) -> Placement? {
        switch state.mode {
        case .plain: .literal(isEnclosed: isEnclosed(behind: index))
        case .string(let form): .string(form)
        case .identifier: .identifier
        case .sealed: nil
        }
    }

    private func isEnclosed(behind index: Int) -> Bool {
        guard index + 1 < program.instructions.count else { return true }
        guard case .text(let range) = program.instructions[index + 1] else { return false }
        return ",);".utf8.contains(program.literals[range.lowerBound])
    }
}
