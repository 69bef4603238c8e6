import Foundation
import ServerTesting

/// The built `segledger`, run as a user runs it.
struct Program {
    struct Result {
        var status: Int32
        var output: String
        var errors: String

        /// The output as one JSON object.
        var json: [String: Any] {
            get throws {
                let object = try JSONSerialization.jsonObject(with: Data(output.utf8))
                guard let object = object as? [String: Any] else {
                    throw ServerProblem(description: "not a JSON object: \(output)")
                }
                return object
            }
        }
    }

    /// Beside the test bundle.
    static let url: URL = {
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return bundle.appendingPathComponent("segledger")
    }()

    let directory: String
    var environment: [String: String] = [:]
    /// nil: that of the tests.
    var workingDirectory: String?

    func start(_ arguments: [String], input: Data? = nil) throws -> Running {
        try Running(self, arguments, input: input)
    }

    /// Whose standard input stays open until it is closed.
    func start(_ arguments: [String], reading source: FileHandle) throws -> Running {
        try Running(self, arguments, input: nil, source: source)
    }

    @discardableResult
    func run(_ arguments: String..., input: Data? = nil) throws -> Result {
        try start(arguments, input: input).wait()
    }

    /// Applies a configuration.
    func apply(_ yaml: String) throws {
        let path = directory + "/segledger-\(UUID().uuidString).yaml"
        try yaml.write(toFile: path, atomically: true, encoding: .utf8)
        LeakWatch.learn(configuration: yaml, of: directory)
        let result = try run("apply", path)
        guard result.status == 0 else { throw ServerProblem(description: result.errors) }
    }

    final class Running {
        private let process = Process()
        private let outputURL: URL
        private let errorURL: URL
        private let directory: String
        private let arguments: [String]

        init(
            _ program: Program, _ arguments: [String], input: Data?, source: FileHandle? = nil
        ) throws {
            let name = UUID().uuidString
            (directory, self.arguments) = (program.directory, arguments)
            if let input, arguments.first == "append" {
                LeakWatch.learn(events: input, of: directory)
            }
            let folder = URL(fileURLWithPath: program.directory)
            outputURL = folder.appendingPathComponent("out-\(name)")
            errorURL = folder.appendingPathComponent("err-\(name)")
            try Data().write(to: outputURL)
            try Data().write(to: errorURL)
            process.executableURL = Program.url
            process.arguments = arguments
            if let folder = program.workingDirectory {
                process.currentDirectoryURL = URL(fileURLWithPath: folder)
            }
            var environment = ProcessInfo.processInfo.environment
            environment["SEGLEDGER_DATA"] = program.directory + "/data"
            environment.merge(program.environment) { $1 }
            process.environment = environment
            process.standardOutput = try FileHandle(forWritingTo: outputURL)
            process.standardError = try FileHandle(forWritingTo: errorURL)
            if let input {
                let inputURL = folder.appendingPathComponent("in-\(name)")
                try input.write(to: inputURL)
                process.standardInput = try FileHandle(forReadingFrom: inputURL)
            } else {
                process.standardInput = source ?? FileHandle.nullDevice
            }
            try process.run()
        }

        var isRunning: Bool { process.isRunning }

        /// What it has said on its standard error so far.
        var errorsSoFar: String {
            get throws { try String(contentsOf: errorURL, encoding: .utf8) }
        }

        var processIdentifier: Int32 { process.processIdentifier }

        /// As a crash: no chance to clean up.
        func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

        func send(_ signal: Int32) { Foundation.kill(process.processIdentifier, signal) }

        /// Returns once every thread stands still, or the program has ended: the signal alone may
        /// come a moment later.
        func suspend() {
            send(SIGSTOP)
            while isRunning, !isStanding() {}
        }

        private func isStanding() -> Bool {
            let tasks = "/proc/\(process.processIdentifier)/task"
            let names: [String]
            do {
                names = try FileManager.default.contentsOfDirectory(atPath: tasks)
            } catch {
                // It has ended.
                return false
            }
            for task in names {
                // A thread that ends meanwhile has no file.
                guard let stat = FileManager.default.contents(atPath: "\(tasks)/\(task)/stat")
                else { continue }
                // The state stands behind the name, which is in parentheses.
                let fields = String(decoding: stat, as: UTF8.self).split(separator: ")")
                if fields.last?.hasPrefix(" T") != true { return false }
            }
            return true
        }

        func wait() throws -> Result {
            process.waitUntilExit()
            let result = Result(
                status: process.terminationReason == .exit ? process.terminationStatus : -1,
                output: try String(contentsOf: outputURL, encoding: .utf8),
                errors: try String(contentsOf: errorURL, encoding: .utf8))
            LeakWatch.check(arguments, result, of: directory)
            return result
        }
    }
}

/// Numbers from a seed, the same each time.
struct SeededGenerator: RandomNumberGenerator {
    static let seed: UInt64 = {
        let given = ProcessInfo.processInfo.environment["SEGLEDGER_SEED"].flatMap { UInt64($0) }
        var system = SystemRandomNumberGenerator()
        return given ?? system.next()
    }()

    private var state: UInt64

    init(seed: UInt64 = SeededGenerator.seed) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Runs the `sqlite3` command-line tool: an eye of its own on a target file.
func sqlite(_ path: String, _ sql: String, waiting milliseconds: Int = 20_000) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["sqlite3", "-bail", path, ".timeout \(milliseconds)", sql]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw ServerProblem(description: "sqlite3 failed: \(sql)")
    }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
}
