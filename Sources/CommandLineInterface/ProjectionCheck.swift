internal import Foundation
internal import Ledger
internal import Projection
internal import Recovery
internal import SegmentModel
internal import StorageIO

/// Checks the projections of a data directory against its ledger, in use or not. Works on a copy:
/// changes nothing, takes no lock.
struct ProjectionCheck {
    private(set) var faults: [VerificationFault] = []
    /// How far the projections had come; nil: there are none, or they cannot be read.
    private(set) var checkpoint: Position?
    /// Of a deep check: their digest, folded on to the ledger's end, which a replay gave too.
    private(set) var digest: String?
    private let path: String

    /// - Parameter isReadable: the ledger can be read whole; else nothing is compared with it.
    static func run(
        _ directory: String, isDeep: Bool, isReadable: Bool, pool: BlockingPool
    ) async throws -> ProjectionCheck {
        var check = ProjectionCheck(path: directory + "/" + ProjectionStore.fileName)
        let scratch = FileManager.default.temporaryDirectory
            .appendingPathComponent("segledger-verify-\(UUID().uuidString)").path
        defer {
            do {
                try FileManager.default.removeItem(atPath: scratch)
            } catch {
                Terminal.printError("segledger: \(scratch) could not be removed")
            }
        }
        try LocalFileSystem().makeDirectoryForCommand(scratch)
        let (kept, fresh) = (scratch + "/kept", scratch + "/fresh")
        for folder in [kept, fresh] { try LocalFileSystem().makeDirectoryForCommand(folder) }
        let structure = try await pool.run { () throws -> [String]? in
            guard try ProjectionStore.copy(from: directory, into: kept) else { return nil }
            return try ProjectionStore.structureFaults(directory: kept)
        }
        guard let structure else { return check }
        guard structure.isEmpty else {
            check.add(
                "SQLite finds its structure damaged (\(structure.joined(separator: "; ")))",
                isReadable)
            return check
        }
        guard isReadable else { return check }
        // After the copy: another process may write meanwhile.
        let ledger = try await pool.run {
            try FileLedger.open(FileLedger.Options(directory: directory, access: .look))
        }
        do {
            try await check.compare(ledger, kept: kept, fresh: isDeep ? fresh : nil)
        } catch let failure as Failure
            where failure.code == .projectionInvalid || failure.code == .ledgerCorrupt
        {
            check.faults.append(
                VerificationFault(
                    code: failure.code, path: check.path, what: failure.message,
                    hint: failure.hint ?? ""))
        }
        try await ledger.close()
        return check
    }

    private init(path: String) { self.path = path }

    private mutating func compare(
        _ ledger: FileLedger, kept: String, fresh: String?
    ) async throws {
        let store = try ProjectionStore.open(
            directory: kept, identity: ledger.identity, readOnly: false, decoder: .standard)
        let projector: Projector
        do {
            checkpoint = store.checkpoint()
            projector = try Projector(ledger: ledger, store: store)
            if let fresh {
                try await projector.foldToEnd()
                let digest = try await store.read { try $0.digest() }
                if try await ProjectionRebuild.fold(ledger, into: fresh) == digest {
                    self.digest = digest
                } else {
                    add("they differ from a replay of the ledger", true)
                }
            }
        } catch {
            try store.close()
            throw error
        }
        try store.close()
    }

    private mutating func add(_ what: String, _ isReadable: Bool) {
        faults.append(
            VerificationFault(
                code: .projectionInvalid, path: path, what: what,
                hint: isReadable
                    ? "the ledger itself is whole: run 'segledger rebuild-projections'"
                    : "once the ledger is mended, run 'segledger rebuild-projections'"))
    }
}
