/// What a field's bytes are. The raw value is the byte in the ledger: never change one.
package enum FieldKind: UInt8, Sendable {
    /// No bytes. In a change: the field is deleted.
    case null = 0
    case `false` = 1
    case `true` = 2
    /// The number's own text, as it came (JSON grammar), so that `1.10` stays `1.10`.
    case number = 3
    /// UTF-8, unescaped.
    case text = 4
    /// An array or an object as compact JSON text.
    case json = 5
}
