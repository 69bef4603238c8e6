internal import Ledger
package import SegmentModel
package import StorageIO

/// Copies of a ledger for bad days. All of it blocks: call it on an owned thread.
package enum LedgerRecovery {
    /// Copies the ledger of a data directory, in use or not, into an empty or new directory.
    ///
    /// - Parameter last: the last position to copy; nil: all that can be read. Of a ledger that
    ///   this process has open, give the event before its `end`.
    /// - Throws: `usageInvalid` if something stands in the target, `ledgerCorrupt` for a damaged
    ///   source; the target then holds no ledger.
    package static func backup(
        from source: String, into target: String, through last: Position? = nil,
        fileSystem: any FileSystem = LocalFileSystem()
    ) throws -> CopyReport {
        let source = try LedgerCopySource(directory: source, fileSystem: fileSystem)
        return try copy(source, into: target, through: last, timeline: .kept, fileSystem)
    }

    /// Writes the ledger as it stood at a moment into an empty or new directory (INV-9), as a
    /// timeline of its own. Damage after the moment does no harm.
    ///
    /// - Parameter moment: nil: the end. A time beyond the end is the end too; a position beyond it
    ///   is refused.
    /// - Throws: `notFound` if nothing had happened yet at the moment or the ledger does not reach
    ///   it; otherwise like `backup`.
    package static func restore(
        from source: String, into target: String, to moment: Moment? = nil,
        fileSystem: any FileSystem = LocalFileSystem()
    ) throws -> CopyReport {
        let files = try LedgerCopySource(directory: source, fileSystem: fileSystem)
        var cut: Position?
        switch moment {
        case nil: cut = nil
        case .position(let position): cut = position
        case .time(let time):
            cut = try files.position(notAfter: time)
            if cut == nil {
                throw Failure(
                    .notFound, "the ledger in \(source) holds nothing at or before \(time)",
                    hint: "give a later time; 'segledger audit log --limit 1' shows the first "
                        + "event")
            }
        }
        return try copy(files, into: target, through: cut, timeline: .new, fileSystem)
    }

    private static func copy(
        _ source: LedgerCopySource, into target: String, through cut: Position?,
        timeline: LedgerCopy.Timeline, _ fileSystem: any FileSystem
    ) throws -> CopyReport {
        var written = EventDigest()
        var report: CopyReport?
        _ = try LedgerCopy(of: source, into: target, fileSystem: fileSystem).run(
            through: cut, timeline: timeline,
            visit: { written.add($0, through: cut) },
            check: { report = try check($0, against: written, target) })
        guard let report else {
            preconditionFailure("a copy is checked before it is named")
        }
        return report
    }

    /// Reads the copy back: the same events, through all the checks of opening.
    private static func check(
        _ copy: LedgerCopySource, against written: EventDigest, _ target: String
    ) throws -> CopyReport {
        var found = EventDigest()
        let totals = try copy.read {
            found.add($0)
            return true
        }
        let sha256 = found.finish()
        guard found.end == written.end, sha256 == written.finish() else {
            throw Failure(
                .storageFailed, "the copy in \(target) does not read back as it was written",
                hint: "check the disk and the system's log, then copy again elsewhere")
        }
        return CopyReport(
            end: found.end, identity: try copy.identity(), chunkCount: totals.chunkCount,
            byteCount: totals.byteCount, profileCount: totals.profileCount, sha256: sha256)
    }
}
