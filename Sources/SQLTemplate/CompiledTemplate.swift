package import SegmentModel

/// A query that cannot be rendered with these values.
package struct RenderFailure: Error, Hashable {
    /// One sentence without a full stop; holds no value (INV-10).
    package let message: String
    /// The row that it is about; nil: none of them.
    package let row: Int?

    package init(message: String, row: Int?) {
        self.message = message
        self.row = row
    }
}

/// A query, ready to be rendered.
package struct CompiledTemplate: Sendable {
    let program: Program
    let dialect: SQLDialect
    /// The outline of its statements, in order.
    package let statements: [QueryStatement]
    /// nil: its values are always written into the text.
    let plan: BoundPlan?

    /// The fields that a tag writes without quotes, as they are, with the byte of the source where
    /// it stands; of each its first.
    package let bareFields: [(name: ExactText, offset: Int)]
    /// The fields that stand as their text: in quotes, or in `batch_in`.
    package let textFields: Set<ExactText>

    init(
        program: Program, dialect: SQLDialect, statements: [QueryStatement], plan: BoundPlan?,
        offsets: [Int]
    ) {
        self.program = program
        self.dialect = dialect
        self.statements = statements
        self.plan = plan
        let forms = FieldForms(program, offsets)
        bareFields = forms.bare
        textFields = forms.texts
    }

    /// Whether values can go beside the text, to a session that takes them.
    package var bindsValues: Bool { plan != nil }

    /// The slots of `RenderRows`, in order: names of profile fields, each once.
    package var fieldNames: [String] { program.fieldNames }

    /// The same names, to be compared with others.
    package var fieldKeys: [ExactText] { program.fieldKeys }

    /// The slot that takes the profile's id as text; nil if the template does not use it.
    package var profileIDSlot: Int? { program.profileIDSlot }

    /// Writes the query for these rows, over what `output` held.
    ///
    /// An individual query takes exactly one row; a query without a batch takes none. Where the
    /// values are plain fields nothing is allocated per row. After a failure `output` is void.
    package func render(
        _ rows: RenderRows, _ scope: RenderScope, into output: inout [UInt8]
    ) throws(RenderFailure) {
        output.removeAll(keepingCapacity: true)
        let capacity = max(output.capacity, program.literals.count + 4096)
        try withRenderer(rows, scope, capacity: capacity) {
            (renderer: inout Renderer) throws(RenderFailure) in
            try renderer.run()
            output.append(contentsOf: renderer.written)
        }
    }

    /// The query with its values beside it; nil: these values have to be written into the text.
    ///
    /// The result of both is the same. Nothing is allocated per row.
    package func renderBound(
        _ rows: RenderRows, _ scope: RenderScope, _ shapes: inout BoundShapes
    ) throws(RenderFailure) -> BoundQuery? {
        guard let plan, rows.rowCount > 0 else { return nil }
        return try withRenderer(rows, scope, capacity: rows.bytes.count + rows.values.count * 4) {
            (renderer: inout Renderer) throws(RenderFailure) in
            try renderer.bind(plan, scope, &shapes)
        }
    }

    private func withRenderer<Result>(
        _ rows: RenderRows, _ scope: RenderScope, capacity: Int,
        _ body: (inout Renderer) throws(RenderFailure) -> Result
    ) throws(RenderFailure) -> Result {
        precondition(
            rows.slotCount == fieldNames.count, "the rows have the template's slots")
        precondition(
            rows.values.count == rows.rowCount * rows.slotCount, "each row has a value per slot")
        precondition(
            !program.usesOnlyProfile || rows.rowCount == 1, "an individual query has one row")
        return try program.steps.withUnsafeBufferPointer { steps throws(RenderFailure) in
            try program.literals.withUnsafeBufferPointer { literals throws(RenderFailure) in
                try program.constants.withUnsafeBufferPointer { constants throws(RenderFailure) in
                    try rows.withPointers { bytes, values throws(RenderFailure) in
                        let pointers = Renderer.Pointers(
                            steps: steps, literals: Self.base(literals),
                            constants: Self.base(constants), rowBytes: Self.base(bytes),
                            values: values, rowCount: rows.rowCount, slotCount: rows.slotCount)
                        var renderer = Renderer(
                            program: program, dialect: dialect, pointers: pointers, scope: scope,
                            capacity: capacity)
                        return try body(&renderer)
                    }
                }
            }
        }
    }

    /// A pointer that nothing is read from, where there is nothing.
    private static func base(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafePointer<UInt8> {
        let nothing: StaticString = ""
        return bytes.baseAddress ?? nothing.utf8Start
    }
}
