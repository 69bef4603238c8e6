/// Why a JSON text was refused. Holds no part of the text (INV-10).
package struct JSONFault: Error, Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Not JSON (RFC 8259).
        case syntax
        /// JSON, but not what is due in this place.
        case rule
    }

    package var kind: Kind
    /// Bytes from the start of the text.
    package var offset: Int
    /// A rule without a subject, for example "must be a string, not a number".
    package var reason: String
    package var hint: String?

    package init(_ kind: Kind, at offset: Int, _ reason: String, hint: String? = nil) {
        self.kind = kind
        self.offset = offset
        self.reason = reason
        self.hint = hint
    }
}
