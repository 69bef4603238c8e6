import Foundation
import StorageTesting
import Testing

/// The real thing: a process that appends is killed, again and again, on the machine's file system.
@Suite("The ledger of a process that is killed")
struct LedgerKillTests {
    private static let killCount = TestRegime.isLong ? 50 : 4

    /// Beside the test bundle.
    private static let program = URL(fileURLWithPath: CommandLine.arguments[0])
        .deletingLastPathComponent().appending(path: "LedgerWriter")

    @Test("INV-1: after kill -9 every acknowledged event stands at its position")
    func kill() throws {
        let scratch = try Scratch()
        var generator = SeededGenerator()
        var acknowledged = ""
        for round in 0..<Self.killCount {
            let callerCount = [1, 4, 32][generator.below(3)]
            acknowledged += try appendUntilKilled(
                scratch.path, callerCount: callerCount, after: 1 + generator.below(150))
            let (status, output) = try run(["check", scratch.path], input: acknowledged)
            #expect(status == 0, "seed \(generator.seed), kill \(round): \(output)")
            if status != 0 { return }
        }
    }

    /// The lines of a process that is killed once it has acknowledged so many appends.
    private func appendUntilKilled(
        _ directory: String, callerCount: Int, after count: Int
    ) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = Self.program
        process.arguments = ["append", directory, "\(callerCount)"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        try process.run()
        var bytes = Data()
        while bytes.count(where: { $0 == UInt8(ascii: "\n") }) < count {
            let part = output.fileHandleForReading.availableData
            if part.isEmpty { break }
            bytes += part
        }
        #expect(Foundation.kill(process.processIdentifier, SIGKILL) == 0)
        // What it had printed before counts as well.
        bytes += try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
        return String(decoding: bytes, as: UTF8.self) + "\n"
    }

    private func run(
        _ arguments: [String], input: String
    ) throws -> (status: Int32, output: String) {
        let scratch = try Scratch()
        let inputPath = scratch.path + "/input"
        try Data(input.utf8).write(to: URL(fileURLWithPath: inputPath))
        let process = Process()
        let errors = Pipe()
        process.executableURL = Self.program
        process.arguments = arguments
        process.standardInput = FileHandle(forReadingAtPath: inputPath)
        process.standardError = errors
        try process.run()
        let bytes = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
    }
}
