import Glibc
import StorageIO
import Synchronization

/// The machine's file system, with calls that fail on order.
final class FaultyFileSystem: FileSystem {
    struct Fault: Sendable {
        var call: String
        var errno: Int32
    }

    private let inner = LocalFileSystem()
    private let armed = Mutex<Fault?>(nil)
    /// Writes and syncs that were asked for since the fault struck.
    private let later = Mutex(0)

    var callsAfterFault: Int { later.withLock { $0 } }

    /// The next such call fails, and nothing is said about the ones after it.
    func arm(_ call: String, _ errno: Int32) {
        armed.withLock { $0 = Fault(call: call, errno: errno) }
    }

    private let struck = Mutex(false)

    func check(_ call: String, _ path: String) throws(StorageError) {
        if struck.withLock({ $0 }) { later.withLock { $0 += 1 } }
        let fault = armed.withLock { armed -> Fault? in
            guard let fault = armed, fault.call == call else { return nil }
            armed = nil
            return fault
        }
        guard let fault else { return }
        struck.withLock { $0 = true }
        throw StorageError(call: call, path: path, errno: fault.errno)
    }

    func list(_ directory: String) throws(StorageError) -> [String] { try inner.list(directory) }
    func makeDirectory(_ path: String) throws(StorageError) { try inner.makeDirectory(path) }
    func exists(_ path: String) throws(StorageError) -> Bool { try inner.exists(path) }
    func remove(_ path: String) throws(StorageError) { try inner.remove(path) }
    func syncDirectory(_ path: String) throws(StorageError) { try inner.syncDirectory(path) }

    func rename(_ source: String, to target: String) throws(StorageError) {
        try inner.rename(source, to: target)
    }

    func lock(_ path: String) throws(StorageError) -> (any FileLock)? { try inner.lock(path) }

    func open(_ path: String, _ mode: FileMode) throws(StorageError) -> any File {
        FaultyFile(inner: try inner.open(path, mode), path: path, system: self)
    }
}

final class FaultyFile: File {
    private let inner: any File
    private let path: String
    private let system: FaultyFileSystem

    init(inner: any File, path: String, system: FaultyFileSystem) {
        self.inner = inner
        self.path = path
        self.system = system
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(StorageError) -> Int {
        try inner.read(into: buffer, at: offset)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StorageError) {
        try system.check("write", path)
        try inner.write(bytes, at: offset)
    }

    func sync() throws(StorageError) {
        try system.check("sync", path)
        try inner.sync()
    }

    func syncAll() throws(StorageError) {
        try system.check("syncAll", path)
        try inner.syncAll()
    }

    func size() throws(StorageError) -> Int { try inner.size() }
    func truncate(to size: Int) throws(StorageError) { try inner.truncate(to: size) }
    func dropCache() throws(StorageError) { try inner.dropCache() }
    func close() throws(StorageError) { try inner.close() }
}
