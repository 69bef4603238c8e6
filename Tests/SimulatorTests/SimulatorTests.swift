import Foundation
import Testing

/// Whole integrations on virtual time, against a naive model (docs/internals/simulation.md).
@Suite("Simulated histories", .serialized)
struct SimulatorTests {
    private static let isLong = ProcessInfo.processInfo.environment["SEGLEDGER_LONG"] != nil

    /// Beside the test bundle.
    private static let program = URL(fileURLWithPath: CommandLine.arguments[0])
        .deletingLastPathComponent().appending(path: "Simulator")

    /// SEGLEDGER_HISTORIES, or what the run is for.
    private static let count =
        ProcessInfo.processInfo.environment["SEGLEDGER_HISTORIES"].flatMap { Int($0) }
        ?? (isLong ? 1_000_000 : 20_000)

    /// The seed of SEGLEDGER_SEED; in a long run one of its own; else always the same.
    private static func firstSeed() -> UInt64 {
        let given = ProcessInfo.processInfo.environment["SEGLEDGER_SEED"].flatMap { UInt64($0) }
        var chance = SystemRandomNumberGenerator()
        return given ?? (isLong ? UInt64.random(in: 0..<1 << 62, using: &chance) : 1)
    }

    @Test("INV-6, INV-8, INV-11, INV-12: nothing is found in 20,000 histories")
    func histories() async throws {
        let (count, first) = (Self.count, Self.firstSeed())
        print("simulator: \(count) histories from seed \(first)")
        // A process has one thread.
        try await withThrowingTaskGroup(of: (status: Int32, output: String).self) { group in
            let half = count / 2
            for start in [first, first + UInt64(half)] {
                group.addTask { try await Self.run(["--seed", "\(start)", "--count", "\(half)"]) }
            }
            for try await (status, output) in group {
                #expect(status == 0, "\(output)")
                #expect(output.hasSuffix("nothing found\n"))
            }
        }
    }

    @Test(
        "A rule that is taken out of the engine is found out, and cut down to a script",
        arguments: [
            "no-fence", "receipt-forgotten", "unannounced", "fields-of-now",
            "fingerprint-unchecked", "sharing-forgotten", "earlier-forgotten",
        ])
    func canary(_ name: String) async throws {
        let (status, output) = try await Self.run([
            "--seed", "1", "--count", "3000", "--canary", name,
        ])
        #expect(status == 1, "nothing is found")
        let line = try #require(
            output.split(separator: "\n").first { $0.hasPrefix("again: ") }, "\(output)")
        let options = line.dropFirst("again: ".count).split(separator: " ").map(String.init)
        let again = try await Self.run(options)
        #expect(again.status == 1, "the script finds it again")
    }

    @Test("A seed replays to the same steps")
    func replay() async throws {
        let options = ["--seed", "24", "--count", "30", "--verbose"]
        let (first, second) = (try await Self.run(options), try await Self.run(options))
        #expect(first.status == 0 && first.output == second.output)
        #expect(first.output.contains("position"))
    }

    @Test(
        "What it cannot understand it refuses",
        arguments: [["--sead", "1"], ["--seed", "x"], ["--count", "0"], ["--canary", "robin"]])
    func options(_ options: [String]) async throws {
        let (status, output) = try await Self.run(options)
        #expect(status == 2 && output.hasPrefix("simulator: "))
    }

    /// Runs it on a thread of its own: what it prints is read until it ends.
    private static func run(_ options: [String]) async throws -> (status: Int32, output: String) {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try runHere(options) })
            }
        }
    }

    private static func runHere(_ options: [String]) throws -> (status: Int32, output: String) {
        let (process, output) = (Process(), Pipe())
        process.executableURL = program
        process.arguments = options
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
    }
}
