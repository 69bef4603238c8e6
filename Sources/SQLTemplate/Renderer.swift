internal import SegmentModel

/// Runs a program over the rows of one batch.
///
/// The pointers are `CompiledTemplate.render`'s, which keeps what they point to until the renderer
/// is gone. Nothing is allocated per row where the values are plain fields.
struct Renderer: ~Copyable {
    /// A loop that runs.
    struct Frame {
        /// From 0; the row, in a loop over the batch.
        var turn = 0
        var isLast = true
        var isBatch = false
        /// The list of an item loop, and where its next item begins.
        var list = RenderedValue.missing
        var position = 0
        var item = RenderedValue.missing
        /// Where scratch bytes of a turn begin.
        var scratchMark = 0
    }

    struct Pointers {
        let steps: UnsafeBufferPointer<Step>
        let literals: UnsafePointer<UInt8>
        let constants: UnsafePointer<UInt8>
        let rowBytes: UnsafePointer<UInt8>
        let values: UnsafeBufferPointer<RenderRows.Value>
        let rowCount: Int
        let slotCount: Int
    }

    let program: Program
    let dialect: SQLDialect
    let bindsBooleans: Bool
    let bindsShortIntegers: Bool
    let pointers: Pointers
    let frames: UnsafeMutablePointer<Frame>
    var output: ByteBuffer
    var scratch = ByteBuffer(capacity: 256)
    /// Where in the output the string that is open begins, if it may come to need an `N`.
    var stringStart = -1
    private var scopeValues: [RenderedValue] = []
    private var turnCount = 0
    /// What evaluating could not do; thrown before anything of it is written.
    private var failure: RenderFailure?

    init(
        program: Program, dialect: SQLDialect, pointers: Pointers, scope: RenderScope,
        capacity: Int
    ) {
        self.program = program
        self.dialect = dialect
        bindsBooleans = dialect.binding?.hasBooleans == true
        bindsShortIntegers = dialect.binding?.hasShortIntegers == true
        self.pointers = pointers
        output = ByteBuffer(capacity: capacity)
        frames = .allocate(capacity: max(program.frameCount, 1))
        frames.initialize(repeating: Frame(), count: program.frameCount)
        for name in ScopeName.allCases {
            let (text, kind): (String, RenderedValue.Kind) =
                switch name {
                case .segmentID: (scope.segmentID.description, .number)
                case .segmentName: (scope.segmentName, .text)
                case .eventTime: (scope.eventTime.description, .date)
                case .position: (scope.position.description, .number)
                case .deliveryID: (scope.deliveryID, .text)
                case .integrationName: (scope.integrationName, .text)
                }
            scopeValues.append(append(scratch: text.utf8, kind))
        }
    }

    deinit { frames.deallocate() }

    mutating func run() throws(RenderFailure) {
        var index = 0
        while index < pointers.steps.count {
            let step = pointers.steps[index]
            index += 1
            switch step.code {
            case .text: text(step)
            case .field:
                let row = step.frame < 0 ? 0 : frames[Int(step.frame)].turn
                try write(field(row: row, slot: Int(step.slot)), step.placement)
            case .scope: try write(scopeValues[Int(step.slot)], step.placement)
            case .value:
                let mark = scratch.count
                let value = evaluate(expression(at: index - 1))
                try checkFailure()
                try write(value, step.placement)
                scratch.truncate(to: mark)
            case .batchIn: try batchIn(at: index - 1)
            case .autocomma:
                if !frames[Int(step.frame)].isLast { output.append(UInt8(ascii: ",")) }
            case .loopBatch:
                if !beginBatch(Int(step.frame)) { index = Int(step.target) }
            case .loopItems:
                let list = evaluate(expression(at: index - 1))
                try checkFailure()
                if !beginItems(Int(step.frame), list) { index = Int(step.target) }
            case .loopEnd:
                try checkSize()
                try countTurn()
                if nextTurn(Int(step.frame)) { index = Int(step.target) }
            case .branch:
                let mark = scratch.count
                let holds = isTrue(evaluate(expression(at: index - 1)))
                try checkFailure()
                scratch.truncate(to: mark)
                if !holds { index = Int(step.target) }
            case .jump: index = Int(step.target)
            case .nothing: break
            }
        }
        try checkSize()
    }

    func expression(at index: Int) -> Expression {
        switch program.instructions[index] {
        case .value(let expression), .branch(let expression, _), .loopItems(_, let expression, _):
            expression
        default: preconditionFailure("only values, branches and loops have an expression")
        }
    }

    private mutating func text(_ step: Step) {
        let bytes = pointers.literals + Int(step.start)
        if dialect.hasLineContinuation { keepApart(bytes, Int(step.count)) }
        if step.openedBehind >= 0 { stringStart = output.count + Int(step.openedBehind) }
        output.append(bytes, Int(step.count))
    }

    func checkSize() throws(RenderFailure) {
        guard output.count <= Limits.renderedQueryByteCountMax else {
            throw RenderFailure(
                message: "the rendered query is longer than "
                    + "\(Limits.renderedQueryByteCountMax) bytes",
                row: nil)
        }
    }

    /// Loops in loops can take forever without writing a byte.
    private mutating func countTurn() throws(RenderFailure) {
        turnCount += 1
        guard turnCount <= Limits.renderedTurnCountMax else {
            throw RenderFailure(
                message: "the query's loops take more than \(Limits.renderedTurnCountMax) turns",
                row: currentRow)
        }
    }

    mutating func fail(_ message: String) {
        failure = RenderFailure(message: message, row: currentRow)
    }

    func checkFailure() throws(RenderFailure) {
        if let failure { throw failure }
    }

    /// The row of the innermost loop over the batch, for messages.
    var currentRow: Int? {
        if program.usesOnlyProfile { return 0 }
        for frame in (0..<program.frameCount).reversed() where frames[frame].isBatch {
            return frames[frame].turn
        }
        return nil
    }

    mutating func append(
        scratch bytes: some Sequence<UInt8>, _ kind: RenderedValue.Kind
    ) -> RenderedValue {
        let start = scratch.count
        scratch.append(contentsOf: bytes)
        return RenderedValue(kind: kind, buffer: .scratch, range: start..<scratch.count)
    }

    /// What the ranges of values count from; void after anything was appended to scratch.
    struct Bases {
        let rows: UnsafePointer<UInt8>
        let scratch: UnsafePointer<UInt8>
        let constants: UnsafePointer<UInt8>

        @inline(__always)
        func base(of value: RenderedValue) -> UnsafePointer<UInt8> {
            switch value.buffer {
            case .rows: rows
            case .scratch: scratch
            case .constants: constants
            }
        }

        /// A value's text; none for what has none.
        func bytes(of value: RenderedValue) -> UnsafeBufferPointer<UInt8> {
            switch value.kind {
            case .missing, .null: UnsafeBufferPointer(start: nil, count: 0)
            case .true: Self.word("true")
            case .false: Self.word("false")
            case .number, .text, .json, .date:
                UnsafeBufferPointer(
                    start: base(of: value) + value.range.lowerBound, count: value.range.count)
            }
        }

        private static func word(_ text: StaticString) -> UnsafeBufferPointer<UInt8> {
            UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        }
    }

    var bases: Bases {
        Bases(
            rows: pointers.rowBytes, scratch: UnsafePointer(scratch.base),
            constants: pointers.constants)
    }

    @inline(__always)
    func base(of value: RenderedValue) -> UnsafePointer<UInt8> { bases.base(of: value) }

    func bytes(of value: RenderedValue) -> UnsafeBufferPointer<UInt8> { bases.bytes(of: value) }

    /// Valid until the renderer goes on or is gone.
    var written: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: output.base, count: output.count)
    }

    func scopeValue(_ name: ScopeName) -> RenderedValue { scopeValues[name.index] }

    // MARK: Loops

    private mutating func beginBatch(_ frame: Int) -> Bool {
        guard pointers.rowCount > 0 else { return false }
        frames[frame] = Frame()
        frames[frame].isBatch = true
        frames[frame].scratchMark = scratch.count
        frames[frame].isLast = pointers.rowCount == 1
        return true
    }

    /// An object's items are its values; anything but a list is a list of one.
    private mutating func beginItems(_ frame: Int, _ list: RenderedValue) -> Bool {
        let list = unwrapped(list)
        guard !list.isAbsent else { return false }
        frames[frame] = Frame()
        frames[frame].list = list
        frames[frame].scratchMark = scratch.count
        guard list.kind == .json else {
            frames[frame].item = list
            return true
        }
        frames[frame].position = list.range.lowerBound + 1
        frames[frame].turn = -1
        return nextItem(frame)
    }

    private mutating func nextTurn(_ frame: Int) -> Bool {
        guard !frames[frame].isLast else {
            frames[frame].isBatch = false
            return false
        }
        scratch.truncate(to: frames[frame].scratchMark)
        if frames[frame].isBatch {
            frames[frame].turn += 1
            frames[frame].isLast = frames[frame].turn + 1 == pointers.rowCount
            return true
        }
        return nextItem(frame)
    }

    private mutating func nextItem(_ frame: Int) -> Bool {
        let list = frames[frame].list
        let item = JSONWalker.item(
            in: base(of: list), at: frames[frame].position, end: list.range.upperBound)
        guard let item else { return false }
        frames[frame].turn += 1
        frames[frame].position = item.next
        frames[frame].isLast = item.isLast
        frames[frame].item = jsonValue(in: list.buffer, item.value)
        return true
    }
}
