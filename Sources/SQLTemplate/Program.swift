internal import SegmentModel

/// Where a value stands, and so how it is written.
enum Placement: Sendable {
    /// Outside of quotes: a complete literal. `isEnclosed`: directly before `,` `)` `;` or the end,
    /// so that a negative number needs no parentheses.
    case literal(isEnclosed: Bool)
    case string(SQLDialect.StringForm)
    /// An integer in a quoted identifier.
    case identifier
}

enum Instruction: Sendable {
    /// A run of the program's literals.
    case text(Range<Int>)
    case value(Expression)
    case batchIn(slot: Int, path: [PathStep])
    /// A comma unless this is the last turn of the loop in this frame.
    case autocomma(frame: Int)
    case loopBatch(frame: Int, end: Int)
    case loopItems(frame: Int, Expression, end: Int)
    /// Back to the instruction behind `start`, or on.
    case loopEnd(frame: Int, start: Int)
    case branch(Expression, otherwise: Int)
    case jump(Int)
    /// Where the ways of a block meet. Does nothing.
    case blockEnd
}

/// What an instruction has of its place in the SQL.
struct InstructionContext: Sendable {
    /// nil where it writes no value.
    var placement: Placement?
    /// Of a text that leaves a string open: where among the literals the string begins.
    var openedAt: Int?
}

/// A template, flat.
struct Program: Sendable {
    var instructions: [Instruction] = []
    /// By instruction.
    var contexts: [InstructionContext] = []
    /// The instructions again, as the renderer reads them.
    var steps: [Step] = []
    /// Text between the tags.
    var literals: [UInt8] = []
    /// Texts and numbers in the tags.
    var constants: [UInt8] = []
    var fieldNames: [String] = []
    /// The same names, to be compared with others.
    var fieldKeys: [ExactText] = []
    var profileIDSlot: Int?
    /// Loops inside of loops.
    var frameCount = 0
    /// The one profile of an individual query is used.
    var usesOnlyProfile = false
}
