/// The texts of one template between its tags, each read once for every state before it.
///
/// A reference, so that what was read is there for every question about the same analysis; used by
/// one thread.
final class LexedTexts {
    /// What reading a text found; shared by all who ask.
    final class Lexed {
        let before: SQLState
        let state: SQLState
        let problems: [(problem: SQLLexer.Problem, offset: Int)]
        let tokens: [SQLToken]
        /// Read in another state.
        fileprivate let other: Lexed?

        fileprivate init(_ before: SQLState, _ lexer: SQLLexer, other: Lexed?) {
            self.before = before
            state = lexer.state
            problems = lexer.problems
            tokens = lexer.tokens
            self.other = other
        }
    }

    private let dialect: DialectReference
    private let literals: [UInt8]
    /// By instruction: seldom read in more than the two states of a `ContextAnalysis.Point`.
    private var known: [Lexed?]
    /// Whether some text is put together and run, as far as all were read.
    private(set) var hasDynamicSource = false

    init(_ dialect: SQLDialect, _ program: Program) {
        self.dialect = DialectReference(dialect)
        literals = program.literals
        known = Array(repeating: nil, count: program.instructions.count)
    }

    /// - Parameters:
    ///   - index: of the instruction.
    ///   - state: directly before the text.
    func lexed(_ index: Int, _ range: Range<Int>, _ state: SQLState) -> Lexed {
        var next = known[index]
        while let one = next {
            if one.before.isIdentical(to: state) { return one }
            next = one.other
        }
        var lexer = SQLLexer(dialect: dialect, bytes: literals, range: range, state: state)
        lexer.run()
        if lexer.problems.contains(where: { $0.problem == .dynamicSource }) {
            hasDynamicSource = true
        }
        let lexed = Lexed(state, lexer, other: known[index])
        known[index] = lexed
        return lexed
    }
}
