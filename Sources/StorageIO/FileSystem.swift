/// The port to a file system: what the ledger needs of one, so that tests can put a simulated one
/// behind it. Calls block; make them on owned threads.
package protocol FileSystem: Sendable {
    /// Names in a directory, sorted, without `.` and `..`.
    func list(_ directory: String) throws(StorageError) -> [String]

    /// Creates a directory and its parents; one that exists is fine.
    func makeDirectory(_ path: String) throws(StorageError)

    func exists(_ path: String) throws(StorageError) -> Bool

    func open(_ path: String, _ mode: FileMode) throws(StorageError) -> any File

    /// Renames inside one file system, replacing what stands there.
    func rename(_ source: String, to target: String) throws(StorageError)

    func remove(_ path: String) throws(StorageError)

    /// Makes creations, renames and removals in a directory durable.
    func syncDirectory(_ path: String) throws(StorageError)

    /// Takes an exclusive lock that ends with the process; nil if another process holds it.
    func lock(_ path: String) throws(StorageError) -> (any FileLock)?
}

package enum FileMode: Sendable {
    case read
    case readWrite
    /// Fails if the file exists.
    case createNew
}

/// An open file. Reads and writes are positional and complete: a short transfer is continued.
package protocol File: AnyObject, Sendable {
    /// Reads up to `buffer.count` bytes; fewer only at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StorageError)
        -> Int

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StorageError)

    /// `fdatasync`: the data, and what is needed to read it again.
    func sync() throws(StorageError)

    /// `fsync`: everything.
    func syncAll() throws(StorageError)

    func size() throws(StorageError) -> Int

    func truncate(to size: Int) throws(StorageError)

    /// Drops clean pages from the cache, so that the next read comes from the disk.
    func dropCache() throws(StorageError)

    /// Reports what the last close would otherwise swallow. Call it once.
    func close() throws(StorageError)
}

/// Held until it is released or the process ends.
package protocol FileLock: AnyObject, Sendable {
    func release()
}

/// A system call that failed, with its path. `errno` decides what it means.
package struct StorageError: Error, Hashable, Sendable {
    package let call: String
    package let path: String
    package let errno: Int32

    package init(call: String, path: String, errno: Int32) {
        self.call = call
        self.path = path
        self.errno = errno
    }
}
