extension CompiledTemplate {
    /// What the operator wrote between the tags, each run by itself: no value stands in any of
    /// them.
    package var staticTexts: [String] {
        program.instructions.compactMap { instruction in
            guard case .text(let range) = instruction else { return nil }
            return String(decoding: program.literals[range], as: UTF8.self)
        }
    }
}
