/// An instruction without references, so that running it counts none: what is common is spelled
/// out here, the rest is looked up in `Program.instructions` at the same index.
struct Step: Sendable {
    enum Code: UInt8, Sendable {
        case text
        /// A name of the query.
        case scope
        /// A profile's field without a path.
        case field
        case value, batchIn, autocomma, loopBatch, loopItems, loopEnd, branch, jump
        case nothing
    }

    let code: Code
    var placement = Placement.identifier
    /// Of a text that leaves a string open: how many of its bytes stand before the string; else -1.
    var openedBehind: Int32 = -1
    /// The loop, or -1 for the only profile.
    var frame: Int32 = -1
    var slot: Int32 = 0
    /// Literals of a text.
    var start: Int32 = 0
    var count: Int32 = 0
    /// Where a jump goes.
    var target: Int32 = 0

    private init(_ code: Code) { self.code = code }

    /// The steps of a checked program.
    static func steps(of program: Program) -> [Step] {
        program.instructions.indices.map { index in
            var step = step(program.instructions[index])
            if let placement = program.contexts[index].placement {
                step.placement = placement
            }
            if let opened = program.contexts[index].openedAt {
                step.openedBehind = Int32(opened) - step.start
            }
            return step
        }
    }

    private static func step(_ instruction: Instruction) -> Step {
        switch instruction {
        case .text(let range):
            var step = Step(.text)
            step.start = Int32(range.lowerBound)
            step.count = Int32(range.count)
            return step
        case .value(.field(let frame, let slot, let path)) where path.isEmpty:
            var step = Step(.field)
            step.frame = Int32(frame ?? -1)
            step.slot = Int32(slot)
            return step
        case .value(.scope(let name)):
            var step = Step(.scope)
            step.slot = Int32(name.index)
            return step
        case .value: return Step(.value)
        case .batchIn: return Step(.batchIn)
        case .autocomma(let frame): return Step(.autocomma, frame: frame, target: 0)
        case .loopBatch(let frame, let end): return Step(.loopBatch, frame: frame, target: end)
        case .loopItems(let frame, _, let end): return Step(.loopItems, frame: frame, target: end)
        case .loopEnd(let frame, let start):
            return Step(.loopEnd, frame: frame, target: start + 1)
        case .branch(_, let otherwise): return Step(.branch, frame: -1, target: otherwise)
        case .jump(let target): return Step(.jump, frame: -1, target: target)
        case .blockEnd: return Step(.nothing)
        }
    }

    private init(_ code: Code, frame: Int, target: Int) {
        self.init(code)
        self.frame = Int32(frame)
        self.target = Int32(target)
    }
}
