/// Where in a server's message the name of a table, column or key stands, so that no value can
/// stand there: before the first value, or in a form that only the end of the message has.
enum MySQLNames {
    case none
    /// Directly behind these words, with which the message begins.
    case behind(String)
    /// `… for key 'NAME'` at the end.
    case key
    /// `… for column NAME at row 3` at the end.
    case column
    /// `… at line 3` at the end.
    case atLine

    /// The name as the end of a sentence; empty where the message is not as it should be, as in
    /// another language.
    func description(in message: String) -> String {
        switch self {
        case .none: ""
        case .behind(let words): Self.name(behind: words, in: message).map { ": \($0)" } ?? ""
        case .key:
            message.firstMatch(of: /\ for\ key\ '([^'`\s]+)'$/).map { ": \($0.1)" } ?? ""
        case .column:
            message.firstMatch(of: /\ for\ column\ ['`]([^'\s]+)['`]\ at\ row\ [0-9]+$/)
                .map { ": " + $0.1.replacing("`", with: "") } ?? ""
        case .atLine:
            message.firstMatch(of: /\ at\ line\ ([0-9]+)$/).map { ", at line \($0.1)" } ?? ""
        }
    }

    private static func name(behind words: String, in message: String) -> Substring? {
        guard message.hasPrefix(words) else { return nil }
        let name = message.dropFirst(words.count).prefix { $0 != "'" }
        return name.isEmpty ? nil : name
    }
}
