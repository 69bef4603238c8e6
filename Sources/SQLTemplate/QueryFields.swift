package import SegmentModel

/// The fields of profiles that a query reads, by its text alone: the same on every database.
package struct QueryFields: Hashable, Sendable {
    /// In the order in which the text first names them; without the profile's id.
    package private(set) var names: [ExactText] = []
    package private(set) var readsID = false
    /// Those that are written as they are, whatever the profile: not as an argument, and not where
    /// a condition decides.
    package private(set) var written: [ExactText] = []

    /// Of a text that is no template: none.
    package init(_ source: String, query: QueryKind, mode: TemplateMode) {
        self.init(Self.program(of: source, query, mode))
    }

    private static func program(
        of source: String, _ query: QueryKind, _ mode: TemplateMode
    ) -> Program {
        var diagnostics = Diagnostics()
        let template = TemplateSplitter.split(Array(source.utf8), &diagnostics)
        guard !diagnostics.hasErrors else { return Program() }
        var builder = ProgramBuilder(query: query, mode: mode)
        builder.build(template, &diagnostics)
        return builder.program
    }

    package init(_ template: CompiledTemplate) { self.init(template.program) }

    private init(_ program: Program) {
        var slots: Set<Int> = []
        var hasConditions = false
        for instruction in program.instructions {
            switch instruction {
            case .batchIn(let slot, _), .value(.field(_, let slot, _)): slots.insert(slot)
            case .branch: hasConditions = true
            default: break
            }
        }
        for (slot, name) in program.fieldKeys.enumerated() {
            if slot == program.profileIDSlot {
                readsID = true
            } else {
                names.append(name)
                if slots.contains(slot), !hasConditions { written.append(name) }
            }
        }
    }
}
