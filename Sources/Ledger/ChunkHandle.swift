internal import StorageIO
internal import Synchronization

/// An open file of the ledger, shared by the writer, the readers and the published state. It is
/// closed by its owner, or with its last reader once another file has taken its place.
final class ChunkHandle: Sendable {
    let file: any File
    let path: String
    private let isOpen = Mutex(true)

    init(_ file: any File, path: String) {
        self.file = file
        self.path = path
    }

    /// Reports what the last close would otherwise swallow. Does nothing the second time.
    func close() throws(StorageError) {
        guard isOpen.withLock({ exchangeForFalse(&$0) }) else { return }
        try file.close()
    }

    deinit {
        do throws(StorageError) {
            try close()
        } catch {
            // Nobody writes through it any more, and every byte was synced before.
        }
    }
}

private func exchangeForFalse(_ flag: inout Bool) -> Bool {
    defer { flag = false }
    return flag
}
