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

    /// Folds a ledger into new projections, and gives their digest.
    static func fold(
        _ ledger: FileLedger, into directory: String
    ) async throws -> String {
        let store = try ProjectionStore.open(
            directory: directory, identity: ledger.identity, readOnly: false, decoder: .standard)
        let projector = try Projector(ledger: ledger, store: store)
        try await projector.foldToEnd()
        let digest = try await store.read { try $0.digest() }
        try store.close()
        return digest
    }
}
