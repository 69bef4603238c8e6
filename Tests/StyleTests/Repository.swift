import Foundation

/// The checkout that this test was compiled from.
enum Repository {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Text of a file, by its path from the root.
    static func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: root.appending(path: path)), as: UTF8.self)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    /// Names of the directories directly in `folder`, sorted.
    static func directories(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(
            at: root.appending(path: folder), includingPropertiesForKeys: [.isDirectoryKey]
        )
        .filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
        .map(\.lastPathComponent).sorted()
    }

    /// Paths from the root of the files in `folder` and below that end with `suffix`, sorted.
    static func files(in folder: String, suffix: String) throws -> [String] {
        let start = root.appending(path: folder).path
        guard let walk = FileManager.default.enumerator(atPath: start) else {
            throw StyleFailure("there is no folder \(folder)")
        }
        return walk.compactMap { $0 as? String }
            .filter { $0.hasSuffix(suffix) }
            .map { "\(folder)/\($0)" }
            .sorted()
    }

    private static let sources = Result { try readSwiftFiles(in: "Sources") }
    private static let tests = Result { try readSwiftFiles(in: "Tests") }

    /// Every Swift file of the folder, `Sources` or `Tests`; read once.
    static func swiftFiles(in folder: String) throws -> [SourceFile] {
        try (folder == "Sources" ? sources : tests).get()
    }

    private static func readSwiftFiles(in folder: String) throws -> [SourceFile] {
        try files(in: folder, suffix: ".swift").map {
            SourceFile(path: $0, text: try text($0))
        }
    }

    /// All Markdown files, by their paths from the root.
    static func markdownFiles() throws -> [String] {
        try ["README.md", "CHANGELOG.md"] + files(in: "docs", suffix: ".md")
    }

    /// Paths of the files that git tracks; nil where this is no git checkout.
    static func trackedFiles() throws -> [String]? {
        guard exists(".git") else { return nil }
        let output = try standardOutput(
            of: "/usr/bin/env", ["git", "-c", "safe.directory=*", "ls-files", "-z"])
        return output.split(separator: "\0").map(String.init)
    }

    /// Runs a program in the root and returns what it prints.
    static func standardOutput(of program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.currentDirectoryURL = root
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw StyleFailure("\(program) ended with status \(process.terminationStatus)")
        }
        return String(decoding: data, as: UTF8.self)
    }
}

/// Why a check could not be made.
struct StyleFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
