/// A value during rendering: what it is, and where its bytes stand.
struct RenderedValue: Sendable {
    enum Kind: UInt8, Sendable {
        case missing, null, `false`, `true`, number, text, json
        /// `2026-03-12` or `2026-03-12T10:00:00.000Z`, with three or six digits of a second.
        case date
    }

    enum Buffer: UInt8, Sendable {
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
