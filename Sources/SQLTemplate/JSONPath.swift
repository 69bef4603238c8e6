/// A compiled JSONPath (RFC 9535) without the functions of its filters.
struct JSONPath: Sendable {
    enum Selector: Sendable {
        case name([UInt8])
        /// Negative: from the end.
        case index(Int)
        case wildcard
        case slice(start: Int?, end: Int?, step: Int)
        case filter(Condition)
    }

    struct Segment: Sendable {
        /// `..`: of every value below as well.
        let isDescendant: Bool
        let selectors: [Selector]
    }

    indirect enum Condition: Sendable {
        case any([Condition])
        case all([Condition])
        case not(Condition)
        case exists(Operand)
        case compare(Comparison, Operand, Operand)
    }

    enum Operand: Sendable {
        /// JSON text of a number, a string (decoded), true, false or null.
        case literal(Literal)
        case path(JSONPath, isRooted: Bool)
    }

    enum Literal: Equatable, Sendable {
        case number([UInt8])
        case text([UInt8])
        case word([UInt8])
    }

    let segments: [Segment]
}
