import Foundation

// embed-migrations OUTPUT FILE...: writes a Swift file that holds the text of each SQL file, in the
// order given. Run by the build (Sources/EmbedMigrationsPlugin).

/// A Swift string literal of `text`, whatever it holds: one delimiter more than the text's longest
/// run of them.
func literal(_ text: String) -> String {
    let longestRun =
        text.split(whereSeparator: { $0 != "#" }).map(\.count).max() ?? 0
    let delimiter = String(repeating: "#", count: longestRun + 1)
    return "\(delimiter)\"\"\"\n\(text)\n\"\"\"\(delimiter)"
}

let arguments = CommandLine.arguments.dropFirst()
guard let output = arguments.first else {
    FileHandle.standardError.write(Data("usage: embed-migrations OUTPUT FILE...\n".utf8))
    exit(2)
}
let entries = try arguments.dropFirst().map { path in
    let file = URL(fileURLWithPath: path)
    let text = try String(contentsOf: file, encoding: .utf8)
    let folder = file.deletingLastPathComponent().lastPathComponent
    return "        (folder: \"\(folder)\", name: \"\(file.lastPathComponent)\", "
        + "sql: \(literal(text))),"
}
let source = """
    /// The files of this target's folders of `migrations/`, by name.
    enum EmbeddedMigrations {
        static let files: [(folder: String, name: String, sql: String)] = [
    \(entries.joined(separator: "\n"))
        ]
    }

    """
try source.write(toFile: output, atomically: true, encoding: .utf8)
