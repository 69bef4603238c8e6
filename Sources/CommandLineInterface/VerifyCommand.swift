internal import ArgumentParser
internal import EventJSON
internal import Ledger
internal import Recovery
internal import SegmentModel
internal import StorageIO

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every byte of the ledger; with --deep also all that is derived from it.",
        discussion: """
            Changes nothing. Checks checksums, gapless positions, the chain of chunks, the manifest \
            and the footers of sealed chunks; --deep computes the Merkle roots again and folds the \
            projections anew to compare them. Exit code 4 says that something is damaged.
            """)

    @OptionGroup var global: GlobalOptions
    @Flag(name: .long, help: "Compute Merkle roots and projections again, and compare them.")
    var deep = false

    func run() async throws {
        let (directory, depth) = (global.directory, LedgerRecovery.VerificationDepth(isDeep: deep))
        let isJSON = global.json
        let report = try await BlockingPool(name: "verify", threadCount: 1).run {
            do {
                let report = try LedgerRecovery.verify(
                    directory, depth, progress: VerificationProgress.show)
                Terminal.endProgress()
                return report
            } catch let failure as Failure {
                Terminal.endProgress()
                try VerificationFaults.report(failure, directory, json: isJSON)
                throw failure
            }
        }
        let projections = deep ? try await ProjectionRebuild.verify(directory) : nil
        if isJSON {
            Terminal.printLine(Self.json(report, projections, isDeep: deep))
        } else {
            for line in Self.text(report, projections, isDeep: deep) { Terminal.printLine(line) }
        }
    }

    private static func text(
        _ report: VerificationReport, _ projections: String?, isDeep: Bool
    ) -> [String] {
        var lines = [
            "ledger: \(report.eventCount) events, \(report.changeCount) changes, "
                + "\(report.profileCount) profiles in \(report.frameCount) frames and "
                + "\(report.chunkCount) chunks (\(report.byteCount) bytes): whole"
        ]
        if report.hasTornTail {
            lines.append(
                "tail: a crash left bytes that were never acknowledged; the next start sets them "
                    + "aside")
        }
        guard isDeep else { return lines }
        if let root = report.root {
            lines.append(
                "Merkle root: \(root); equal to those of \(report.sealedChunkCount) sealed chunks")
        } else {
            lines.append("Merkle root: none yet; the ledger was begun by an older version")
        }
        lines.append(projections == nil ? "projections: none yet" : "projections: equal to a replay")
        return lines
    }

    private static func json(
        _ report: VerificationReport, _ projections: String?, isDeep: Bool
    ) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.key("whole")
        json.value(true)
        json.member("events", report.eventCount)
        json.member("changes", report.changeCount)
        json.member("profiles", report.profileCount)
        json.member("chunks", report.chunkCount)
        json.member("sealed_chunks", report.sealedChunkCount)
        json.member("frames", report.frameCount)
        json.member("bytes", report.byteCount)
        json.key("torn_tail")
        json.value(report.hasTornTail)
        if isDeep {
            json.member("merkle_root", report.root)
            json.member("sha256", report.sha256)
            json.member("projections_sha256", projections)
        }
        json.endObject()
        return json.text
    }
}

extension LedgerRecovery.VerificationDepth {
    fileprivate init(isDeep: Bool) { self = isDeep ? .deep : .quick }
}

/// The line that shows how far a verification is.
private enum VerificationProgress {
    static func show(_ report: VerificationReport) {
        guard report.frameCount % 16 == 0 else { return }
        Terminal.showProgress(
            "verify: chunk \(report.chunkCount), \(report.eventCount) events, "
                + "\(report.changeCount) changes")
    }
}
