package import SegmentModel

package enum TemplateMode: Sendable {
    /// One query for each profile: `{$lead.Field}` and `{lead.Field}` are its fields.
    case individual
    /// One query for a batch: profiles are reached by a loop over `$batch`, or by `batch_in`.
    case batch
}

/// Compiles the operator's queries for one kind of database.
///
/// A template that compiles without errors can only write values: whatever bytes a profile holds,
/// they do not become SQL (INV-7).
package struct TemplateCompiler: Sendable {
    private let dialect: SQLDialect

    package init(dialect: SQLDialect) {
        self.dialect = dialect
    }

    /// The template, unless a diagnostic is an error; the diagnostics in source order.
    ///
    /// Complexity: linear in the source, times the depth of its loops.
    package func compile(
        _ source: String, query: QueryKind, mode: TemplateMode
    ) -> (template: CompiledTemplate?, diagnostics: [TemplateDiagnostic]) {
        let batch: IntegrationDefinition.BatchMode =
            switch mode {
            case .individual: .individual
            case .batch: .batch(size: IntegrationDefinition.batchSizeStandard)
            }
        return compile(source, for: QueryUse(query, batch: batch))
    }

    /// The same for a query of which more is known. `apply`, `lint` and `template check` all say
    /// what this says.
    package func compile(
        _ source: String, for use: QueryUse
    ) -> (template: CompiledTemplate?, diagnostics: [TemplateDiagnostic]) {
        let query = use.query
        let mode = TemplateMode(use.batch)
        let bytes = Array(source.utf8)
        var diagnostics = Diagnostics()
        guard bytes.count <= Limits.templateByteCountMax else {
            diagnostics.error(
                "limit", at: 0,
                "a template has \(Limits.templateByteCountMax) bytes at most, "
                    + "this has \(bytes.count)")
            return (nil, diagnostics.located(in: bytes))
        }
        if let null = bytes.firstIndex(of: 0) {
            diagnostics.error("syntax", at: null, "a query cannot hold the character U+0000")
        }
        let template = TemplateSplitter.split(bytes, &diagnostics)
        guard !diagnostics.hasErrors else { return (nil, diagnostics.located(in: bytes)) }
        if template.literals.allSatisfy(SQLLexer.isSpace), template.pieces.count <= 1 {
            diagnostics.error("syntax", at: 0, "the query is empty")
        }
        var builder = ProgramBuilder(query: query, mode: mode)
        builder.build(template, &diagnostics)
        var statements: [QueryStatement] = []
        if !builder.isStructureBroken {
            let (contexts, tokens) = ContextAnalysis.run(
                builder, dialect: dialect, template: template, &diagnostics)
            builder.program.contexts = contexts
            statements = QueryOutline.statements(
                tokens, literals: template.literals, tags: TagPlaces(builder.program),
                dialect)
            OriginalSyntax.slashes(tokens, template, dialect, &diagnostics)
            if !diagnostics.hasErrors {
                ValueAdvice(
                    program: builder.program, tokens: tokens, offsets: builder.offsets,
                    dialect: dialect
                ).run(&diagnostics)
                StringAdvice(
                    program: builder.program, source: bytes, offsets: builder.offsets,
                    dialect: dialect
                ).run(&diagnostics)
            }
            QueryAdvice(dialect: dialect, use: use, template: template)
                .run(statements, &diagnostics)
        }
        guard !diagnostics.hasErrors else { return (nil, diagnostics.located(in: bytes)) }
        builder.program.steps = Step.steps(of: builder.program)
        if query.hasBatch, mode == .batch, !builder.usesBatch {
            diagnostics.warning(
                "batch_unused", at: 0,
                "\(query.rawValue) never uses its batch, so it runs the same for any profiles",
                hint: "use {for $index, $lead = $batch}…{end} or {batch_in \"Field\"}")
        }
        QueryAdvice.loops(builder.program, builder.offsets, &diagnostics)
        return (
            CompiledTemplate(
                program: builder.program, dialect: dialect,
                statements: template.located(statements),
                plan: BindingAnalysis.plan(builder.program, statements, dialect),
                offsets: builder.offsets),
            diagnostics.located(in: bytes)
        )
    }
}
