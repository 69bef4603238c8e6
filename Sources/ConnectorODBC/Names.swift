/// Where the server puts a name, not a value, into one of its messages: between words that its
/// message begins with and words behind the name.
///
/// What does not match, as a message in another language, has no name.
package struct ODBCNames: Hashable, Sendable {
    private let patterns: [[String]]
    private static let characterCountMax = 300

    package static let none = ODBCNames(patterns: [])

    /// Each pattern is the words before the name and the words directly behind it.
    package static func between(_ patterns: [String]...) -> ODBCNames {
        ODBCNames(patterns: patterns)
    }

    /// The name as the end of a sentence; empty where there is none.
    func description(in message: String) -> String {
        for pattern in patterns {
            guard message.hasPrefix(pattern[0]) else { continue }
            let rest = message.dropFirst(pattern[0].count)
            guard let end = rest.firstRange(of: pattern[1]) else { continue }
            let name = rest[..<end.lowerBound]
            let isName =
                !name.isEmpty && name.count <= Self.characterCountMax
                && !name.contains(where: { $0.isNewline || $0 == "'" })
            if isName { return ": " + name.replacing("\"", with: "") }
        }
        return ""
    }
}
