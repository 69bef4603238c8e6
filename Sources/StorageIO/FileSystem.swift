/// The port to a file system: what the ledger needs of one, so that tests can put a simulated one
/// behind it. Calls block; make them on owned threads.
package protocol FileSystem: Sendable {
    /// Names in a directory, sorted, without `.` and `..`.
    func list(_ directory: String) throws(StorageError) -> [String]

    /// Creates a directory and its parents, for this process's user alone; one that exists is
    /// fine, whoever may enter it.
    func makeDirectory(_ path: String) throws(StorageError)

    func exists(_ path: String) throws(StorageError) -> Bool

    /// Opens a regular file; anything else is refused at once (`StorageError.misfit`).
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
    /// Follows no link, and refuses a file that another user may read or write.
    case readPrivate
    case readWrite
    /// Fails if anything stands there, a link too. The file is this process's user's alone.
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

/// A system call that failed, with its path, or a file that is not what it has to be. `errno`
/// decides what it means.
package struct StorageError: Error, Hashable, Sendable {
    /// Why something at a path is not opened, though the system would.
    package enum Misfit: Hashable, Sendable {
        case directory, pipe, socket, device
        /// Of a private file: a symbolic link, and a mode that lets others in.
        case link, readableByOthers
        /// More bytes than any file that belongs there has.
        case tooLarge
    }

    package let call: String
    package let path: String
    package let errno: Int32
    package let misfit: Misfit?

    package init(call: String, path: String, errno: Int32) {
        self.call = call
        self.path = path
        self.errno = errno
        misfit = nil
    }

    init(call: String, path: String, errno: Int32, misfit: Misfit) {
        self.call = call
        self.path = path
        self.errno = errno
        self.misfit = misfit
    }
}
