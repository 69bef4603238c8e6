internal import SegmentModel
internal import StorageIO
internal import Synchronization

/// Decides when the dictionary's snapshot is written anew, and writes it.
///
/// Invariants:
/// - a snapshot stands for a point where a chunk begins, and all before it is durable: the id of
///   the chunk, drawn anew for each, tells whether the ledger still is the one that was captured;
/// - at most one capture is held at a time.
final class LedgerSnapshots: Sendable {
    private struct State {
        /// Bytes of the chunks that are behind the newest snapshot, without the tail.
        var byteCountBehind: Int
        var isBusy = false
    }

    private let path: String
    private let identity: DictionarySnapshot.Identity
    private let divisor: Int
    private let fileSystem: any FileSystem
    private let state: Mutex<State>

    init(
        directory: String, identity: DictionarySnapshot.Identity, divisor: Int,
        byteCountBehind: Int, _ fileSystem: any FileSystem
    ) {
        path = directory + "/" + LedgerDirectory.snapshot
        self.identity = identity
        self.divisor = divisor
        self.fileSystem = fileSystem
        state = Mutex(State(byteCountBehind: byteCountBehind))
    }

    /// Whether chunks of so many bytes are worth a new snapshot of this dictionary: what snapshots
    /// cost in writes, and what an opening reads, both stay in proportion to what is there.
    static func isDue(
        _ byteCount: Int, _ dictionary: borrowing LedgerDictionary, divisor: Int
    ) -> Bool {
        byteCount > 0 && byteCount >= dictionary.byteCountEstimate / divisor
    }

    /// The work of writing a snapshot, if one is due after another `byteCount` bytes of chunks.
    ///
    /// - Parameter place: where `dictionary` stands now: the tail begins there.
    func job(
        after byteCount: Int, at place: DictionarySnapshot.Place,
        _ dictionary: inout LedgerDictionary
    ) -> LedgerKeeper.Job? {
        let isTime = state.withLock { state in
            state.byteCountBehind += byteCount
            return !state.isBusy
                && Self.isDue(state.byteCountBehind, dictionary, divisor: divisor)
        }
        return isTime ? job(dictionary.capture(), at: place) : nil
    }

    func job(
        _ capture: DictionaryCapture, at place: DictionarySnapshot.Place
    ) -> LedgerKeeper.Job {
        state.withLock { state in
            state.byteCountBehind = 0
            state.isBusy = true
        }
        return { [self] in
            defer { state.withLock { $0.isBusy = false } }
            try DictionarySnapshot.write(capture, at: place, of: identity, to: path, fileSystem)
        }
    }
}
