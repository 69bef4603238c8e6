/// Takes values out of a target's own messages (INV-10).
///
/// Targets do not escape quotes inside of quotes, so what is cut goes from the first quote that
/// does not enclose a known name to the last one: too much rather than too little.
package enum MessageRedaction {
    private static let cut = "…"

    /// Cuts what stands between quotes, except the names given.
    package static func redact(
        _ message: String, quote: Character, keeping names: [String] = []
    ) -> String {
        let characters = Array(message)
        let kept = names.filter { !$0.isEmpty }.map { Array("\(quote)\($0)\(quote)") }
        var first: Int?
        var last = 0
        var index = 0
        while index < characters.count {
            guard characters[index] == quote else {
                index += 1
                continue
            }
            if let name = kept.first(where: { characters[index...].starts(with: $0) }) {
                index += name.count
                continue
            }
            first = first ?? index
            last = index
            index += 1
        }
        guard let first else { return message }
        let end = last > first ? characters[last...].dropFirst() : []
        return String(characters[..<first]) + "\(quote)\(cut)\(quote)" + String(end)
    }

    /// Cuts bytes printed as `0x…`.
    package static func redactHexadecimal(_ message: String) -> String {
        message.split(separator: " ", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("0x") ? cut : String($0) }
            .joined(separator: " ")
    }

    /// Cuts the token that a parser names in double quotes, unless it can only be a word or a sign
    /// of the template: a rendered value is a literal in apostrophes or a number.
    package static func redactToken(_ message: String) -> String {
        guard let open = message.firstIndex(of: "\""), let close = message.lastIndex(of: "\"")
        else {
            return message
        }
        let token = message[open...close]
        let mayBeValue = token.contains { $0 == "'" || $0.isNumber }
        return mayBeValue ? redact(message, quote: "\"") : message
    }
}
