package import SQLTemplate
internal import SegmentModel

/// Whether the queries of one integration write a field in forms that find each other.
package enum KeyFormCheck {
    /// What `add_profiles` stores without quotes and `remove_profiles` looks for as a text: a
    /// number can be stored in other digits than it was sent in.
    ///
    /// - Parameter source: of `add`.
    package static func diagnostics(
        add: CompiledTemplate, source: String, remove: CompiledTemplate
    ) -> [TemplateDiagnostic] {
        add.bareFields.filter { remove.textFields.contains($0.name) }.map { field in
            let tag = source.utf8.dropFirst(field.offset + 1).prefix { $0 != UInt8(ascii: "}") }
            let inside = String(decoding: tag, as: UTF8.self)
            return TemplateDiagnostic(
                .warning, at: field.offset, in: source, rule: "key_form",
                message: "\(field.name) is written without quotes, and remove_profiles looks for "
                    + "its text: a number such as 1e5 or 1.10 can be stored in other digits, and "
                    + "is then never removed",
                hint: "write '{\(inside)}', or {text(\(inside))} where a missing field is to be "
                    + "NULL")
        }
    }
}
