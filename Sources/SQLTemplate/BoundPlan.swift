/// How a template is bound: its text in pieces, and which values go beside it.
struct BoundPlan: Sendable {
    /// A piece of a literal that is bound.
    enum Part: Sendable {
        /// A run of the program's literals, between the quotes.
        case text(Range<Int>)
        /// A value instruction.
        case value(Int)
    }

    /// A literal whose value is bound.
    struct Parameter: Sendable {
        let parts: [Part]
        /// The literal stands in quotes: a missing value is an empty text, and not NULL.
        let isQuoted: Bool
    }

    /// A parameter without references, as the renderer reads it for every row.
    struct Column: Sendable {
        /// Of a field without a path and without text around it; -1: something else.
        let slot: Int
        let isQuoted: Bool
    }

    enum Operation: Sendable {
        /// A run of the program's literals.
        case text(Range<Int>)
        /// A value instruction that is written: the same in every query of a lane.
        case inlined(Int)
        case shared(Int)
        case column(Int)
        case list
        case loop(end: Int)
        case autocomma
        case loopEnd(start: Int)
    }

    /// Tells plans apart: a shape belongs to one.
    final class Identity: Sendable {}

    let identity = Identity()
    var operations: [Operation] = []
    var shared: [Parameter] = []
    /// One of each for every row.
    var columns: [Parameter] = []
    /// The `batch_in` instruction.
    var list: Int?
    /// Only the query for a single row is prepared, and run for each: MariaDB's bulk protocol.
    var isRowWise = false

    func column(_ parameter: Parameter, _ program: Program) -> Column {
        var slot = -1
        if parameter.parts.count == 1, case .value(let index) = parameter.parts[0] {
            let step = program.steps[index]
            if step.code == .field { slot = Int(step.slot) }
        }
        return Column(slot: slot, isQuoted: parameter.isQuoted)
    }
}
