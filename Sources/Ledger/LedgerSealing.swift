internal import FrameCodec
internal import MerkleTree
internal import SegmentModel
internal import StorageIO
internal import Synchronization

/// The full tails that wait to be sealed, and the Merkle range of all events before them.
///
/// Invariant: tails are sealed in their order; one that could not be for want of room, or that the
/// newest snapshot of the dictionary needs as it is, stays first.
final class LedgerSealing: Sendable {
    private struct State {
        var waiting: [ChunkSealer.Tail] = []
        var range: CompactRange
    }

    private let sealer: ChunkSealer
    private let shared: LedgerShared
    private let manifest: ManifestFile
    private let snapshots: LedgerSnapshots
    /// For tails of a ledger that had no salts.
    private let saltState: [UInt8]
    private let state: Mutex<State>

    /// `range`: of the sealed chunks.
    init(
        _ sealer: ChunkSealer, after range: CompactRange, saltState: [UInt8],
        shared: LedgerShared, manifest: ManifestFile, snapshots: LedgerSnapshots
    ) {
        self.sealer = sealer
        self.shared = shared
        self.manifest = manifest
        self.snapshots = snapshots
        self.saltState = saltState
        state = Mutex(State(range: range))
    }

    func add(_ tail: ChunkSealer.Tail) {
        state.withLock { $0.waiting.append(tail) }
    }

    /// Seals what waits, as far as it may be sealed: a job of the keeper.
    ///
    /// - Throws: what the file system says; the tail then stays as it is.
    func sealWaiting() throws {
        while let (tail, range) = state.withLock({ state in
            state.waiting.first.map { ($0, state.range) }
        }) {
            if snapshots.needs(tail.header.chunkID) { return }
            let sealed = try sealer.seal(tail, after: range, saltState: saltState)
            try replace(tail, with: sealed)
            state.withLock { state in
                state.waiting.removeFirst()
                state.range = sealed.range
            }
            // Only now: it is done even if the old file stays, and never sealed a second time.
            try sealer.fileSystem.remove(tail.handle.path)
        }
    }

    private func replace(_ tail: ChunkSealer.Tail, with sealed: ChunkSealer.Sealed) throws {
        let old = tail.header.chunkID
        do throws(ManifestFile.UpdateError) {
            try manifest.update { manifest in
                let number = manifest.chunks.firstIndex { $0.chunkID == old }
                guard let number else { preconditionFailure("the manifest names every tail") }
                manifest.chunks[number] = sealed.manifest
            }
        } catch {
            switch error {
            case .unchanged(let error):
                try sealed.chunk.handle.close()
                try sealer.fileSystem.remove(sealed.chunk.handle.path)
                throw error
            case .unknown(let error):
                // Old and new are both whole: whichever manifest is found, the events are there.
                throw shared.poison(error)
            }
        }
        shared.replaceChunk(old, with: sealed.chunk)
    }
}
