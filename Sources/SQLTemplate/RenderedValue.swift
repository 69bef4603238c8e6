/// A value during rendering: what it is, and where its bytes stand.
struct RenderedValue: Sendable {
    enum Kind: Sendable {
        case missing, null, `false`, `true`, number, text, json
    }

    enum Buffer: Sendable {
        /// `RenderRows.bytes`.
        case rows
        /// What the renderer made.
        case scratch
        /// Literals of the template.
        case constants
    }

    let kind: Kind
    var buffer = Buffer.scratch
    var range = 0..<0

    static let missing = RenderedValue(kind: .missing)

    static func boolean(_ value: Bool) -> RenderedValue {
        RenderedValue(kind: value ? .true : .false)
    }

    /// No value to speak of: the profile has none, or it is null.
    var isAbsent: Bool { kind == .missing || kind == .null }
}
