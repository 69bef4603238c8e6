internal import SegmentModel

/// Turns tags into instructions: matches blocks, resolves names, gives fields their slots.
struct ProgramBuilder {
    struct Variable {
        enum Meaning {
            case index, item, profile
        }

        let name: String
        let meaning: Meaning
        let frame: Int
    }

    private struct Block {
        enum Kind {
            case loop(start: Int)
            /// `pending`: the branch whose `otherwise` is not known yet; `exits`: jumps to the end.
            case condition(pending: Int?, exits: [Int])
        }

        var kind: Kind
        let offset: Int
        let variableCount: Int
    }

    let query: QueryKind
    let mode: TemplateMode
    var program = Program()
    /// By instruction: where in the source the tag stands that it comes from.
    var offsets: [Int] = []
    var variables: [Variable] = []
    var loopFrames: [(frame: Int, isBatch: Bool)] = []
    var slots: [ExactText: Int] = [:]
    var usesBatch = false
    /// The instructions' targets cannot be followed.
    private(set) var isStructureBroken = false
    private var blocks: [Block] = []

    init(query: QueryKind, mode: TemplateMode) {
        self.query = query
        self.mode = mode
    }

    mutating func build(_ template: SplitTemplate, _ diagnostics: inout Diagnostics) {
        program.literals = template.literals
        for piece in template.pieces {
            // What follows would not be reported, and finding near names takes its time.
            guard !diagnostics.isFull else {
                isStructureBroken = true
                return
            }
            switch piece.content {
            case .text(let range): emit(.text(range), at: piece.offset)
            case .tag(let tag):
                do {
                    try add(tag, at: piece.offset)
                } catch {
                    diagnostics.error(
                        error.rule, at: error.offset, error.message, hint: error.hint)
                    openAfterFault(tag, at: piece.offset)
                }
            }
        }
        for block in blocks {
            isStructureBroken = true
            diagnostics.error(
                "block", at: block.offset, "this block is not closed", hint: "close it with {end}")
        }
    }

    @discardableResult
    private mutating func emit(_ instruction: Instruction, at offset: Int) -> Int {
        program.instructions.append(instruction)
        offsets.append(offset)
        return program.instructions.count - 1
    }

    /// Keeps the blocks in balance, so that one fault is reported once.
    private mutating func openAfterFault(_ tag: Tag, at offset: Int) {
        switch tag {
        case .value, .batchIn:
            emit(.value(.constant(.missing)), at: offset)
            return
        default: isStructureBroken = true
        }
        guard blocks.count < Limits.templateDepthMax else { return }
        switch tag {
        case .forLoop, .ifBlock:
            blocks.append(
                Block(
                    kind: .condition(pending: nil, exits: []), offset: offset,
                    variableCount: variables.count))
        default: break
        }
    }

    private mutating func add(_ tag: Tag, at offset: Int) throws(TagFault) {
        switch tag {
        case .value(let syntax): emit(.value(try resolve(syntax, tagOffset: offset)), at: offset)
        case .forLoop(let index, let item, let collection):
            try open(at: offset)
            try loop(index: index, item: item, over: collection, at: offset)
        case .ifBlock(let condition):
            try open(at: offset)
            let resolved = try resolve(condition, tagOffset: offset)
            let branch = emit(.branch(resolved, otherwise: 0), at: offset)
            push(.condition(pending: branch, exits: []), at: offset)
        case .elseIf(let condition): try otherwise(condition, at: offset)
        case .elseBlock: try otherwise(nil, at: offset)
        case .end: try end(at: offset)
        case .autocomma:
            guard let loop = loopFrames.last else {
                throw TagFault(
                    offset: offset, message: "{autocomma} stands outside of a loop",
                    hint: "put it into {for …}…{end}", rule: "scope")
            }
            emit(.autocomma(frame: loop.frame), at: offset)
        case .batchIn(let path):
            try requireBatch("batch_in", at: offset)
            usesBatch = true
            let slot = slot(of: path[0].text)
            emit(.batchIn(slot: slot, path: Array(path.dropFirst())), at: offset)
        }
    }

    private func open(at offset: Int) throws(TagFault) {
        guard blocks.count < Limits.templateDepthMax else {
            throw TagFault(
                offset: offset,
                message: "blocks can be nested \(Limits.templateDepthMax) deep at most",
                rule: "limit")
        }
    }

    private mutating func push(_ kind: Block.Kind, at offset: Int, variableCount: Int? = nil) {
        blocks.append(
            Block(kind: kind, offset: offset, variableCount: variableCount ?? variables.count))
    }

    private mutating func loop(
        index: String?, item: String, over collection: Syntax, at offset: Int
    ) throws(TagFault) {
        let frame = loopFrames.count
        let variableCount = variables.count
        let start: Int
        var isBatch = false
        if case .variable("batch", let path, let nameOffset) = collection {
            guard path.isEmpty else {
                throw TagFault(
                    offset: nameOffset, message: "$batch has no fields",
                    hint: "loop over it: {for $index, $lead = $batch}", rule: "scope")
            }
            try requireBatch("$batch", at: nameOffset)
            usesBatch = true
            isBatch = true
            start = emit(.loopBatch(frame: frame, end: 0), at: offset)
        } else {
            let items = try resolve(collection, tagOffset: offset)
            try TypeCheck.loop(over: items, at: collection.offset ?? offset)
            start = emit(.loopItems(frame: frame, items, end: 0), at: offset)
        }
        if let index {
            variables.append(Variable(name: index, meaning: .index, frame: frame))
        }
        variables.append(
            Variable(name: item, meaning: isBatch ? .profile : .item, frame: frame))
        loopFrames.append((frame, isBatch))
        program.frameCount = max(program.frameCount, loopFrames.count)
        push(.loop(start: start), at: offset, variableCount: variableCount)
    }

    /// `{elseif …}`, or `{else}` if there is no condition.
    private mutating func otherwise(_ condition: Syntax?, at offset: Int) throws(TagFault) {
        let name = condition == nil ? "{else}" : "{elseif}"
        guard case .condition(let pending, var exits)? = blocks.last?.kind else {
            throw TagFault(
                offset: offset, message: "\(name) stands outside of an {if …}", rule: "block")
        }
        guard let pending else {
            // Of a condition that was refused.
            if exits.isEmpty { return }
            throw TagFault(
                offset: offset, message: "\(name) cannot follow {else}", rule: "block")
        }
        exits.append(emit(.jump(0), at: offset))
        setTarget(of: pending, to: program.instructions.count)
        var next: Int?
        if let condition {
            let resolved: Expression
            do {
                resolved = try resolve(condition, tagOffset: offset)
            } catch {
                blocks[blocks.count - 1].kind = .condition(pending: nil, exits: [])
                throw error
            }
            next = emit(.branch(resolved, otherwise: 0), at: offset)
        }
        blocks[blocks.count - 1].kind = .condition(pending: next, exits: exits)
    }

    private mutating func end(at offset: Int) throws(TagFault) {
        guard let block = blocks.popLast() else {
            throw TagFault(
                offset: offset, message: "this {end} closes nothing", rule: "block")
        }
        variables.removeLast(variables.count - block.variableCount)
        switch block.kind {
        case .loop(let start):
            let frame = loopFrames.removeLast().frame
            let last = emit(.loopEnd(frame: frame, start: start), at: block.offset)
            setTarget(of: start, to: last + 1)
        case .condition(let pending, let exits):
            for instruction in exits + (pending.map { [$0] } ?? []) {
                setTarget(of: instruction, to: program.instructions.count)
            }
        }
        emit(.blockEnd, at: block.offset)
    }

    private mutating func setTarget(of instruction: Int, to target: Int) {
        switch program.instructions[instruction] {
        case .branch(let condition, _):
            program.instructions[instruction] = .branch(condition, otherwise: target)
        case .jump: program.instructions[instruction] = .jump(target)
        case .loopBatch(let frame, _):
            program.instructions[instruction] = .loopBatch(frame: frame, end: target)
        case .loopItems(let frame, let items, _):
            program.instructions[instruction] = .loopItems(frame: frame, items, end: target)
        default: preconditionFailure("only jumps have a target")
        }
    }
}
