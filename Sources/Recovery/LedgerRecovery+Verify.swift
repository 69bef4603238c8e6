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

    /// Reads every file of a ledger, in use or not, and checks what its promises say of the whole:
    /// checksums, gapless positions, dense ordinals, time that never goes back, an unbroken chain
    /// of chunks, a manifest and footers that say what the chunks hold, nothing but zeros in files
    /// made ahead. Changes nothing, takes no lock, and does not stop at the first fault.
    ///
    /// - Parameter progress: gets the report so far after each frame.
    /// - Throws: `notFound` if there is no ledger; what the file system says; what `progress`
    ///   throws. What is wrong with the ledger stands in the report.
    package static func verify(
        _ directory: String, _ depth: VerificationDepth = .quick,
        fileSystem: any FileSystem = LocalFileSystem(),
        progress: (VerificationReport) throws -> Void = { _ in }
    ) throws -> VerificationReport {
        var verification = try Verification(directory, depth, fileSystem)
        return try verification.run(progress)
    }
}

private struct Verification {
    private let directory: String
    private let depth: LedgerRecovery.VerificationDepth
    private let fileSystem: any FileSystem
    private let source: LedgerCopySource
    private var report = VerificationReport()
    private var digest = EventDigest()
    private var merkle: MerkleCheck?
    private var recordedAt = Timestamp(rawValue: Int64.min)
    private var hasSalts = false

    init(
        _ directory: String, _ depth: LedgerRecovery.VerificationDepth,
        _ fileSystem: any FileSystem
    ) throws {
        self.directory = directory
        self.depth = depth
        self.fileSystem = fileSystem
        source = try LedgerCopySource(directory: directory, fileSystem: fileSystem)
    }

    mutating func run(
        _ progress: (VerificationReport) throws -> Void
    ) throws -> VerificationReport {
        do {
            if depth == .deep {
                merkle = try source.saltState().map { try MerkleCheck(saltState: $0) }
            }
            try read(progress)
            if depth == .deep { report.sha256 = digest.finish() }
            report.root = merkle?.root
            report.isReadWhole = true
        } catch let failure as Failure
            where failure.code == .ledgerCorrupt || failure.code == .formatUnknown
        {
            try survey(after: failure)
        }
        report.comparedRootCount = merkle?.comparedCount ?? 0
        let others = try OtherFiles(
            directory, fileSystem, told: Set(report.faults.map(\.path)))
        report.faults += others.faults
        if let fault = others.missingManifest, hasSalts { report.faults.append(fault) }
        report.remarks += others.remarks
        addHints()
        return report
    }

    private mutating func read(_ progress: (VerificationReport) throws -> Void) throws {
        let totals = try source.check(
            begin: { header in
                report.identity = report.identity ?? LedgerIdentity(of: header)
                report.chunkCount += 1
                hasSalts = hasSalts || !header.saltState.isEmpty
                try merkle?.begin(header)
            },
            visit: { frame in
                try count(frame)
                if depth == .deep { digest.add(frame) }
                try merkle?.add(frame)
                try progress(report)
            },
            end: { chunk in
                if chunk.footer != nil { report.sealedChunkCount += 1 }
                if let fault = merkle?.end(chunk) { report.faults.append(fault) }
            },
            report: { failure in report.faults.append(fault(failure)) })
        report.profileCount = totals.profileCount
        report.byteCount = totals.byteCount
        if totals.hasTornTail {
            report.remarks.append(
                "the last chunk ends with bytes that a crash left and nobody was told of; the next "
                    + "start sets them aside")
        }
    }

    /// Tells all that is wrong, after reading in order ended with a failure.
    private mutating func survey(after failure: Failure) throws {
        let found = try LedgerSurvey.run(directory: directory, fileSystem: fileSystem)
        let isTold = found.contains { fault in
            failure.message.hasPrefix(fault.path + ":")
                && (!failure.message.contains("at byte ")
                    || fault.offset.map { failure.message.contains("at byte \($0)") } ?? false)
        }
        if !isTold { report.faults.append(fault(failure)) }
        report.faults += found
    }

    /// A failure as a fault of the file that its message begins with.
    private func fault(_ failure: Failure) -> VerificationFault {
        let chunks = LedgerDirectory.chunks(directory) + "/"
        let message = failure.message
        var (path, what) = (directory, message)
        if message.hasPrefix(chunks),
            let end = message.utf8.dropFirst(chunks.utf8.count)
                .firstIndex(of: UInt8(ascii: ":"))
        {
            path = String(message[..<end])
            what = String(message[end...].dropFirst(2))
        }
        return VerificationFault(
            code: failure.code, path: path, what: what, hint: failure.hint ?? "")
    }

    /// What to do about those faults that cost events: it rests on the first of them.
    private mutating func addHints() {
        let lost = report.faults.compactMap(\.firstPosition).min()
        var hint =
            "keep the files as they are; if one is missing, doubled or exchanged, put it back; "
            + "else restore a backup with 'segledger restore --from BACKUP --into NEW'"
        if let last = lost?.predecessor {
            hint +=
                ", or save what is before the damage with 'segledger restore --from \(directory) "
                + "--into NEW --to @\(last)'"
        }
        for index in report.faults.indices where report.faults[index].hint.isEmpty {
            let isManifest = report.faults[index].path.hasSuffix("/" + LedgerDirectory.manifest)
            report.faults[index].hint = isManifest ? Self.manifestHint : hint
        }
    }

    private static let manifestHint =
        "the chunks are read without it, and the next command that writes makes it again from "
        + "them, provided that they are whole"

    // MARK: Events

    private mutating func count(_ frame: Frame) throws {
        guard frame.firstPosition == report.end else {
            throw broken(frame.firstPosition, "position \(report.end) comes next")
        }
        report.frameCount += 1
        for (index, event) in frame.events.enumerated() {
            let position = frame.firstPosition.advanced(by: index)
            guard event.recordedAt >= recordedAt else {
                throw broken(position, "its record time goes back")
            }
            recordedAt = event.recordedAt
            try count(event, at: position)
        }
        report.end = frame.endPosition
    }

    private mutating func count(_ event: Frame.Event, at position: Position) throws {
        report.eventCount += 1
        if event.kind == .profilesAdded || event.kind == .profilesRemoved {
            report.changeCount += Int(event.ordinalCount)
        }
        guard !event.kind.isSystem else { return }
        guard event.time >= report.lastTime ?? event.time else {
            throw broken(position, "its ledger time goes back")
        }
        report.firstTime = report.firstTime ?? event.time
        report.lastTime = event.time
    }

    private func broken(_ position: Position, _ what: String) -> Failure {
        Failure(
            .ledgerCorrupt, "\(directory): the event at position \(position) is wrong: \(what)",
            hint: "restore a backup with 'segledger restore --from BACKUP --into NEW'")
    }
}
