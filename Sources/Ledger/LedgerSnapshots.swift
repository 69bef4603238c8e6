internal import FrameCodec
internal import SegmentModel
internal import StorageIO
internal import Synchronization

/// Decides when the dictionary's snapshot is written anew, and writes it.
///
/// Invariants:
/// - a snapshot stands for a point before which all is durable: where a chunk begins, whose id,
///   drawn anew for each, tells whether the ledger still is the one that was captured; or inside
///   the tail, whose bytes up to there tell it;
/// - the chunk inside of which the newest snapshot's point lies is not sealed;
/// - at most one capture is held at a time.
final class LedgerSnapshots: Sendable {
    /// When it is asked whether a snapshot is due.
    enum Occasion {
        /// A group of appends is durable.
        case group
        /// A chunk begins.
        case roll
        /// The ledger was opened.
        case opening
    }

    private struct State {
        /// Bytes of chunks behind the newest snapshot.
        var byteCountBehind: Int
        var isBusy = false
        /// What the file stands for, if it can be used.
        var durable: DictionarySnapshot.Place?
    }

    private let path: String
    private let identity: DictionarySnapshot.Identity
    private let sizes: LedgerSizes
    private let fileSystem: any FileSystem
    private let state: Mutex<State>

    /// - Parameters:
    ///   - durable: what the file stands for, if it can be used.
    ///   - byteCountBehind: of chunks behind it; without it of all.
    init(
        directory: String, identity: DictionarySnapshot.Identity, sizes: LedgerSizes,
        durable: DictionarySnapshot.Place?, byteCountBehind: Int, _ fileSystem: any FileSystem
    ) {
        path = directory + "/" + LedgerDirectory.snapshot
        self.identity = identity
        self.sizes = sizes
        self.fileSystem = fileSystem
        state = Mutex(State(byteCountBehind: byteCountBehind, durable: durable))
    }

    /// The work of writing a snapshot, if one is due after another `byteCount` bytes of chunks.
    ///
    /// - Parameter place: where `dictionary` stands now, in the tail.
    func job(
        after byteCount: Int, at place: DictionarySnapshot.Place, on occasion: Occasion,
        _ dictionary: inout LedgerDictionary
    ) -> LedgerKeeper.Job? {
        let isTime = state.withLock { state in
            state.byteCountBehind += byteCount
            guard !state.isBusy,
                isDue(state.byteCountBehind, on: occasion, dictionary.byteCountEstimate)
            else { return false }
            state.byteCountBehind = 0
            state.isBusy = true
            return true
        }
        guard isTime else { return nil }
        let capture = dictionary.capture()
        return { [self] in
            defer { state.withLock { $0.isBusy = false } }
            try DictionarySnapshot.write(capture, at: place, of: identity, to: path, fileSystem)
            state.withLock { $0.durable = place }
        }
    }

    /// What snapshots cost in writes, and what an opening reads, both stay in proportion to what is
    /// there. One inside a chunk keeps it from being sealed until the next: a large dictionary,
    /// whose snapshots are far apart, has them where chunks begin.
    private func isDue(_ behind: Int, on occasion: Occasion, _ dictionaryByteCount: Int) -> Bool {
        let share = dictionaryByteCount / sizes.snapshotDivisor
        switch occasion {
        case .group:
            return behind >= max(sizes.snapshotStepByteCount, share)
                && share <= sizes.chunkByteCount / 4
        case .roll:
            return behind > 0 && behind >= share / 2
        case .opening:
            return behind > 0 && behind >= max(sizes.snapshotStepByteCount, share)
        }
    }

    /// Whether sealing the chunk would make the newest snapshot useless.
    func needs(_ chunkID: UInt64) -> Bool {
        state.withLock { $0.durable.map { $0.isInside && $0.chunkID == chunkID } ?? false }
    }
}

extension DictionarySnapshot.Place {
    /// Behind the last event of a tail, all of which is durable.
    init(at end: Position, in tail: ChunkFile, _ header: ChunkHeader) {
        self.init(position: end, chunkID: header.chunkID)
        if end > header.firstPosition { (byteCount, checksum) = (tail.byteCount, tail.checksum) }
    }
}
