internal import FrameCodec
internal import Ledger
internal import SegmentModel
package import StorageIO

extension LedgerRecovery {
    /// How much of a ledger a verification computes again.
    package enum VerificationDepth: Sendable {
        /// Checksums and what the files say of each other.
        case quick
        /// Also the Merkle leaves of all events, and their digest.
        case deep
    }

    /// Reads every frame of a ledger, in use or not, through its checksums, and checks what its
    /// promises say of the whole: gapless positions, dense ordinals, time that never goes back, an
    /// unbroken chain of chunks, a manifest and footers that say what the chunks hold. Changes
    /// nothing.
    ///
    /// - Parameters:
    ///   - progress: gets the report so far after each frame.
    ///   - projections: runs after the ledger was found good, and throws if what was derived from
    ///     it disagrees.
    /// - Throws: `ledgerCorrupt` naming file or position; what `projections` throws.
    package static func verify(
        _ directory: String, _ depth: VerificationDepth = .quick,
        fileSystem: any FileSystem = LocalFileSystem(),
        progress: (VerificationReport) -> Void = { _ in },
        projections: (VerificationReport) throws -> Void = { _ in }
    ) throws -> VerificationReport {
        let source = try LedgerCopySource(directory: directory, fileSystem: fileSystem)
        var report = VerificationReport(identity: try source.identity())
        var digest = EventDigest()
        var merkle: MerkleCheck?
        if depth == .deep {
            merkle = try source.saltState().map { try MerkleCheck(saltState: $0) }
        }
        var recordedAt = Timestamp(rawValue: Int64.min)
        let totals = try source.check(
            begin: { header in
                report.chunkCount += 1
                try merkle?.begin(header)
            },
            visit: { frame in
                try count(frame, directory, &report, &recordedAt)
                if depth == .deep { digest.add(frame) }
                try merkle?.add(frame)
                progress(report)
            },
            end: { chunk in
                if chunk.footer != nil { report.sealedChunkCount += 1 }
                try merkle?.end(chunk)
            })
        report.profileCount = totals.profileCount
        report.byteCount = totals.byteCount
        report.hasTornTail = totals.hasTornTail
        if depth == .deep { report.sha256 = digest.finish() }
        report.root = merkle?.root
        try projections(report)
        return report
    }

    private static func count(
        _ frame: Frame, _ directory: String, _ report: inout VerificationReport,
        _ recordedAt: inout Timestamp
    ) throws {
        guard frame.firstPosition == report.end else {
            throw broken(frame.firstPosition, "position \(report.end) comes next", directory)
        }
        report.frameCount += 1
        for (index, event) in frame.events.enumerated() {
            let position = frame.firstPosition.advanced(by: index)
            guard event.recordedAt >= recordedAt else {
                throw broken(position, "its record time goes back", directory)
            }
            recordedAt = event.recordedAt
            try count(event, at: position, directory, &report)
        }
        report.end = frame.endPosition
    }

    private static func count(
        _ event: Frame.Event, at position: Position, _ directory: String,
        _ report: inout VerificationReport
    ) throws {
        report.eventCount += 1
        if event.kind == .profilesAdded || event.kind == .profilesRemoved {
            report.changeCount += Int(event.ordinalCount)
        }
        guard !event.kind.isSystem else { return }
        guard event.time >= report.lastTime ?? event.time else {
            throw broken(position, "its ledger time goes back", directory)
        }
        report.firstTime = report.firstTime ?? event.time
        report.lastTime = event.time
    }

    private static func broken(
        _ position: Position, _ what: String, _ directory: String
    ) -> Failure {
        Failure(
            .ledgerCorrupt, "\(directory): the event at position \(position) is wrong: \(what)",
            hint: "restore a backup with 'segledger restore'")
    }
}
