import Foundation
import Synchronization
import Testing

/// INV-10, watched over whatever the end-to-end tests do: what a test has appended, and each
/// password that it has applied, is in no error, and in no output of a command that speaks of
/// deliveries.
///
/// It learns from what tests give to `append` and `apply`, by data directory; from much, the start.
enum LeakWatch {
    private static let known = Mutex<[String: Set<String>]>([:])
    private static let learnedByteCountMax = 64 << 10

    /// Commands whose output is no answer about profiles.
    private static let quiet: Set<String> = [
        "append", "apply", "backup", "connectors", "errors", "integrations", "rebuild-projections",
        "restore", "resync", "stats", "status", "sync", "verify",
    ]

    static func learn(events: Data, of directory: String) {
        var values: Set<String> = []
        for line in events.prefix(learnedByteCountMax).split(separator: UInt8(ascii: "\n")) {
            guard let event = try? JSONSerialization.jsonObject(with: line) as? [String: Any]
            else { continue }
            for profile in event["profiles"] as? [[String: Any]] ?? [] {
                if let id = profile["id"] as? String { values.insert(id) }
                for case let text as String in (profile["fields"] as? [String: Any] ?? [:]).values {
                    values.insert(text)
                }
            }
        }
        learn(values, of: directory)
    }

    static func learn(configuration yaml: String, of directory: String) {
        var values = Set(yaml.matches(of: /password: "?([^\s",{}]+)/).map { String($0.1) })
        for match in yaml.matches(of: /:\/\/[^:@\/\s]*:([^@\/\s]+)@/) {
            values.insert(String(match.1))
        }
        learn(values, of: directory)
    }

    private static func learn(_ values: Set<String>, of directory: String) {
        // A short word without a digit may stand anywhere, and so may a number.
        let telling = values.filter {
            $0.contains(/[A-Za-z]/)
                && ($0.utf8.count >= 8 || $0.utf8.count >= 3 && $0.contains(/\d/))
        }
        known.withLock { $0[directory, default: []].formUnion(telling) }
    }

    static func check(_ words: [String], _ result: Program.Result, of directory: String) {
        guard let values = known.withLock({ $0[directory] }), let command = words.first
        else { return }
        let texts =
            quiet.contains(command) ? [result.errors, result.output] : [result.errors]
        for text in texts where !text.isEmpty {
            let found = self.words(of: text)
            for value in values where !words.contains(value) {
                let isSaid =
                    value.allSatisfy(isInside)
                    ? found.contains(value[...]) : text.contains(value)
                guard isSaid else { continue }
                Issue.record("\(words.joined(separator: " ")) says \(value): \(text.prefix(500))")
            }
        }
    }

    /// What a value that is one word is compared with, so that C-1 is not found in C-10.
    private static func words(of text: String) -> Set<Substring> {
        var found: Set<Substring> = []
        for word in text.split(whereSeparator: { !isInside($0) }) {
            found.insert(word)
            if word.hasSuffix(".") { found.insert(word.dropLast()) }
        }
        return found
    }

    private static func isInside(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || "_-.".contains(character)
    }
}
