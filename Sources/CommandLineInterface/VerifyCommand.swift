internal import ArgumentParser
internal import EventJSON
internal import Ledger
internal import Recovery
internal import SegmentModel
internal import StorageIO
internal import Synchronization

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every file of a data directory; with --deep all that is derived as well.",
        discussion: """
            Changes nothing, and neither waits for a process that writes nor keeps one waiting. \
            Checks checksums, gapless positions, the chain of chunks, the manifest, footers, files \
            made ahead and the structure of the projections, and tells all that is wrong, with \
            file, byte, positions and what to do. --deep computes Merkle roots and projections \
            again and compares them. Exit code 4 says that something is damaged.
            """)

    @OptionGroup var global: GlobalOptions
    @Flag(name: .long, help: "Compute Merkle roots and projections again, and compare them.")
    var deep = false

    func run() async throws {
        let (directory, isDeep) = (global.directory, deep)
        let lines = VerificationLines(isDeep: isDeep)
        let (report, projections) = try await Interruption.run {
            let pool = BlockingPool(name: "verify", threadCount: 1)
            let report = try await Self.verify(directory, isDeep ? .deep : .quick, pool)
            let projections = try await ProjectionCheck.run(
                directory, isDeep: isDeep, isReadable: report.isReadWhole, pool: pool)
            return (report, projections)
        }
        if global.json {
            Terminal.printLine(lines.json(report, projections))
        } else {
            for line in lines.text(report, projections) { Terminal.printLine(line) }
        }
        let faults = report.faults + projections.faults
        guard let first = faults.first else { return }
        if !global.json {
            for line in lines.text(faults) { Terminal.printError(line) }
        }
        let code = faults.first { $0.code == .ledgerCorrupt }?.code ?? first.code
        throw ReportedFailure(exitCode: ErrorReport.exitCode(code))
    }

    /// Ends between two frames when the task is cancelled.
    private static func verify(
        _ directory: String, _ depth: LedgerRecovery.VerificationDepth, _ pool: BlockingPool
    ) async throws -> VerificationReport {
        let isCancelled = CancellationFlag()
        defer { Terminal.endProgress() }
        return try await withTaskCancellationHandler {
            try await pool.run {
                try LedgerRecovery.verify(directory, depth) { report in
                    if isCancelled.isSet { throw CancellationError() }
                    guard report.frameCount % 16 == 0 else { return }
                    Terminal.showProgress(
                        "verify: chunk \(report.chunkCount), \(report.eventCount) events, "
                            + "\(report.changeCount) changes")
                }
            }
        } onCancel: {
            isCancelled.set()
        }
    }

    private final class CancellationFlag: Sendable {
        private let value = Mutex(false)

        var isSet: Bool { value.withLock { $0 } }

        func set() { value.withLock { $0 = true } }
    }
}
