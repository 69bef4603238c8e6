internal import SegmentModel

/// In which form the fields of a template stand in its SQL. A field inside of an object is named by
/// its dotted path.
struct FieldForms {
    private(set) var bare: [(name: ExactText, offset: Int)] = []
    private(set) var texts: Set<ExactText> = []

    /// - Parameter offsets: by instruction, where in the source its tag stands.
    init(_ program: Program, _ offsets: [Int]) {
        for (index, instruction) in program.instructions.enumerated() {
            switch (instruction, program.contexts[index].placement) {
            case (.batchIn(let slot, let path), _):
                texts.insert(Self.name(slot, path, program))
            case (.value(.field(_, let slot, let path)), .string?):
                texts.insert(Self.name(slot, path, program))
            case (.value(.call(.text, let parts)), _):
                guard case .field(_, let slot, let path)? = parts.first else { continue }
                texts.insert(Self.name(slot, path, program))
            case (.value(.field(_, let slot, let path)), .literal?):
                let name = Self.name(slot, path, program)
                guard !bare.contains(where: { $0.name == name }), name != "id" else { continue }
                bare.append((name, offsets[index]))
            default: continue
            }
        }
    }

    private static func name(_ slot: Int, _ path: [PathStep], _ program: Program) -> ExactText {
        ExactText(([program.fieldNames[slot]] + path.map(\.text)).joined(separator: "."))
    }
}
