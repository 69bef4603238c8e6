internal import FrameCodec
internal import Ledger
internal import SegmentModel
package import StorageIO

extension LedgerRecovery {
    /// Reads every frame of a ledger, in use or not, through its checksums, and checks what its
    /// promises say of the whole: gapless positions, dense ordinals, time that never goes back, an
    /// unbroken chain of chunks. Changes nothing.
    ///
    /// - Parameter projections: runs after the ledger was found good, and throws if what was
    ///   derived from it disagrees.
    /// - Throws: `ledgerCorrupt` naming file or position; what `projections` throws.
    package static func verify(
        _ directory: String, fileSystem: any FileSystem = LocalFileSystem(),
        projections: (VerificationReport) throws -> Void = { _ in }
    ) throws -> VerificationReport {
        let source = try LedgerCopySource(directory: directory, fileSystem: fileSystem)
        var report = VerificationReport(identity: try source.identity())
        var digest = EventDigest()
        var recordedAt = Timestamp(rawValue: Int64.min)
        let totals = try source.read { frame in
            guard frame.firstPosition == report.end else {
                throw broken(frame.firstPosition, "position \(report.end) comes next", directory)
            }
            for (index, event) in frame.events.enumerated() {
                let position = frame.firstPosition.advanced(by: index)
                guard event.recordedAt >= recordedAt else {
                    throw broken(position, "its record time goes back", directory)
                }
                recordedAt = event.recordedAt
                try count(event, at: position, directory, &report)
            }
            report.end = frame.endPosition
            digest.add(frame)
            return true
        }
        report.chunkCount = totals.chunkCount
        report.frameCount = totals.frameCount
        report.profileCount = totals.profileCount
        report.byteCount = totals.byteCount
        report.hasTornTail = totals.hasTornTail
        report.sha256 = digest.finish()
        try projections(report)
        return report
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
