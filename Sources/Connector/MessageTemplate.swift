/// A text of a target's own with its holes, as in `relation "{name}" does not exist`.
///
/// | hole | takes | is printed |
/// |---|---|---|
/// | `{name}` | a name, maybe qualified | if the operator's text has it |
/// | `{words}` | a signature, a type, an expression | if the operator's text has all its words |
/// | `{token}` | a piece of SQL | if the operator's text has it |
/// | `{line}` | a line's number | if the operator's text has so many lines |
/// | `{any}` | what may be a value | never |
///
/// What is not printed is `…`. A message that matches by the wrong words, because somebody made it
/// up, can still print nothing but the template and words of the operator's.
package struct MessageTemplate: Sendable, Hashable, ExpressibleByStringLiteral {
    enum Hole: String, Sendable {
        case name, words, token, line, any

        func takes(_ argument: Substring) -> Bool {
            switch self {
            case .any: true
            case .line: !argument.isEmpty && argument.allSatisfy { "0"..."9" ~= $0 }
            default: !argument.isEmpty && !argument.contains(where: \.isNewline)
            }
        }
    }

    enum Part: Hashable, Sendable {
        case text(String)
        case hole(Hole)
    }

    /// As it was written, with its holes.
    package let text: String
    let parts: [Part]

    /// Longer ones are held for no message that is worth its reading.
    package static let characterCountMax = 1024

    package init(stringLiteral text: String) { self.init(text) }

    package init(_ text: String) {
        self.text = text
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            let behind = rest[rest.index(after: open)...]
            guard let close = behind.firstIndex(of: "}"),
                let hole = Hole(rawValue: String(behind[..<close]))
            else { preconditionFailure("a hole has a name: \(text)") }
            if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
            if case .hole = parts.last, open == rest.startIndex {
                preconditionFailure("between two holes stands something: \(text)")
            }
            parts.append(.hole(hole))
            rest = behind[behind.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
    }

    package func matches(_ message: String) -> Bool { arguments(in: message) != nil }

    /// What stands in the holes, in order; nil: it is another message.
    func arguments(in message: String) -> [String]? {
        guard message.count <= Self.characterCountMax else { return nil }
        return Self.match(parts[...], message[...])
    }

    /// A hole for values takes as much as it can: what the target adds itself stands behind.
    private static func match(_ parts: ArraySlice<Part>, _ rest: Substring) -> [String]? {
        guard let part = parts.first else { return rest.isEmpty ? [] : nil }
        guard case .hole(let hole) = part else {
            guard case .text(let text) = part, rest.hasPrefix(text) else { return nil }
            return match(parts.dropFirst(), rest.dropFirst(text.count))
        }
        guard case .text(let stop)? = parts.dropFirst().first else {
            return hole.takes(rest) ? [String(rest)] : nil
        }
        let places = rest.ranges(of: stop)
        for place in hole == .any ? places.reversed() : places {
            let argument = rest[..<place.lowerBound]
            guard hole.takes(argument),
                let others = match(parts.dropFirst(2), rest[place.upperBound...])
            else { continue }
            return [String(argument)] + others
        }
        return nil
    }
}
