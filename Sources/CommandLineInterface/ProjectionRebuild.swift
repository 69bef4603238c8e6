internal import Foundation
internal import Ledger
internal import Projection
internal import SegmentModel
internal import StorageIO

/// Folds projections from nothing: to replace the ones in use, or to compare with them (INV-5).
enum ProjectionRebuild {
    /// Deletes the projections of a data directory and folds them again.
    static func rebuild(_ directory: String) async throws -> (digest: String, end: Position) {
        let ledger = try await BlockingPool(name: "rebuild", threadCount: 1).run {
            try FileLedger.open(FileLedger.Options(directory: directory, access: .write))
        }
        do {
            try ProjectionStore.delete(directory: directory)
            let digest = try await fold(ledger, into: directory)
            let end = ledger.end
            try await ledger.close()
            return (digest, end)
        } catch {
            try await ledger.close()
            throw error
        }
    }

    /// The projections' digest, after a replay into a scratch directory gave the same one; nil if
    /// there are no projections.
    static func verify(_ directory: String) async throws -> String? {
        guard
            FileManager.default.fileExists(
                atPath: directory + "/" + ProjectionStore.fileName)
        else { return nil }
        let scratch = FileManager.default.temporaryDirectory
            .appendingPathComponent("segledger-verify-\(UUID().uuidString)").path
        return try await Workspace.with(directory, .read) { workspace in
            try LocalFileSystem().makeDirectoryForCommand(scratch)
            defer {
                do {
                    try FileManager.default.removeItem(atPath: scratch)
                } catch {
                    Terminal.printError("segledger: \(scratch) could not be removed")
                }
            }
            let kept = try await workspace.store.read {
                (try $0.digest(), try $0.checkpoint())
            }
            // Opened after the projections were read: another process may write meanwhile.
            let ledger = try await workspace.pool.run {
                try FileLedger.open(FileLedger.Options(directory: directory, access: .read))
            }
            let replayed = try await fold(ledger, into: scratch, through: kept.1)
            try await ledger.close()
            guard replayed == kept.0 else {
                throw Failure(
                    .projectionInvalid,
                    "the projections differ from a replay of the ledger's \(kept.1) events",
                    hint: "run 'segledger rebuild-projections'; the ledger itself is whole")
            }
            return kept.0
        }
    }

    private static func fold(
        _ ledger: FileLedger, into directory: String, through end: Position? = nil
    ) async throws -> String {
        let store = try ProjectionStore.open(
            directory: directory, identity: ledger.identity, readOnly: false, decoder: .standard)
        let projector = try Projector(ledger: ledger, store: store)
        try await projector.foldToEnd(before: end)
        let digest = try await store.read { try $0.digest() }
        try store.close()
        return digest
    }
}
