/// A call to the simulated file system.
package struct SimulatedOperation: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case list, makeDirectory, exists, open, create, rename, remove, syncDirectory, lock
        case read, write, sync, syncAll, size, truncate, dropCache, close

        /// Whether it only looks.
        package var isReading: Bool {
            switch self {
            case .list, .exists, .open, .read, .size, .dropCache: true
            default: false
            }
        }
    }

    package var kind: Kind
    /// Of a file: the path under which it was opened.
    package var path: String
    /// Of an operation on an open file: the file's number; names may change.
    package var file: Int?
    /// Whether it was made to fail.
    package var errno: Int32?
}
