internal import Glibc
internal import Synchronization

/// The machine's own file system.
package struct LocalFileSystem: FileSystem {
    package init() {}

    package func list(_ directory: String) throws(StorageError) -> [String] {
        guard let handle = opendir(directory) else {
            throw StorageError(call: "opendir", path: directory, errno: errno)
        }
        defer { closedir(handle) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else {
            throw StorageError(call: "readdir", path: directory, errno: errno)
        }
        return names.sorted()
    }

    package func makeDirectory(_ path: String) throws(StorageError) {
        if mkdir(path, RegularFile.directoryMode) == 0 { return }
        let reason = errno
        if reason == EEXIST, try isDirectory(path) { return }
        guard reason == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw StorageError(call: "mkdir", path: path, errno: reason)
        }
        try makeDirectory(String(path[..<slash]))
        guard mkdir(path, RegularFile.directoryMode) == 0 || errno == EEXIST else {
            throw StorageError(call: "mkdir", path: path, errno: errno)
        }
    }

    private func isDirectory(_ path: String) throws(StorageError) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw StorageError(call: "stat", path: path, errno: errno)
        }
        return status.st_mode & S_IFMT == S_IFDIR
    }

    package func exists(_ path: String) throws(StorageError) -> Bool {
        var status = stat()
        if stat(path, &status) == 0 { return true }
        guard errno == ENOENT || errno == ENOTDIR else {
            throw StorageError(call: "stat", path: path, errno: errno)
        }
        return false
    }

    package func open(_ path: String, _ mode: FileMode) throws(StorageError) -> any File {
        let descriptor: CInt =
            switch mode {
            case .read: try RegularFile.openToRead(path)
            case .readPrivate: try RegularFile.openPrivate(path)
            case .readWrite: try RegularFile.open(path, O_RDWR)
            case .createNew: try RegularFile.open(path, O_RDWR | O_CREAT | O_EXCL)
            }
        return LocalFile(descriptor: descriptor, path: path)
    }

    package func rename(_ source: String, to target: String) throws(StorageError) {
        guard Glibc.rename(source, target) == 0 else {
            throw StorageError(call: "rename", path: source, errno: errno)
        }
    }

    package func remove(_ path: String) throws(StorageError) {
        guard unlink(path) == 0 else {
            throw StorageError(call: "unlink", path: path, errno: errno)
        }
    }

    package func syncDirectory(_ path: String) throws(StorageError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StorageError(call: "open", path: path, errno: errno)
        }
        let status = fsync(descriptor)
        let reason = errno
        _ = Glibc.close(descriptor)
        guard status == 0 else { throw StorageError(call: "fsync", path: path, errno: reason) }
    }

    package func lock(_ path: String) throws(StorageError) -> (any FileLock)? {
        let descriptor = try RegularFile.open(
            path, O_RDWR | O_CREAT, mode: RegularFile.lockMode)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            _ = Glibc.close(descriptor)
            if reason == EWOULDBLOCK { return nil }
            throw StorageError(call: "flock", path: path, errno: reason)
        }
        return LocalFileLock(descriptor: descriptor)
    }
}

/// An open descriptor. Errors that only a bug can cause (EBADF, EFAULT) trap.
final class LocalFile: File {
    private let descriptor: CInt
    private let path: String
    private let calls: TransferCalls

    init(descriptor: CInt, path: String, calls: TransferCalls = TransferCalls()) {
        self.descriptor = descriptor
        self.path = path
        self.calls = calls
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(StorageError) -> Int {
        var done = 0
        while done < buffer.count {
            let count = calls.read(
                descriptor, buffer.baseAddress! + done, buffer.count - done, offset + done)
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw failed("pread")
            }
            done += count
        }
        return done
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StorageError) {
        var done = 0
        while done < bytes.count {
            let count = calls.write(
                descriptor, bytes.baseAddress! + done, bytes.count - done, offset + done)
            if count < 0 {
                if errno == EINTR { continue }
                throw failed("pwrite")
            }
            // A device that takes nothing and says no reason: not tried for ever.
            guard count > 0 else { throw StorageError(call: "pwrite", path: path, errno: EIO) }
            done += count
        }
    }

    func sync() throws(StorageError) {
        guard fdatasync(descriptor) == 0 else { throw failed("fdatasync") }
    }

    func syncAll() throws(StorageError) {
        guard fsync(descriptor) == 0 else { throw failed("fsync") }
    }

    func size() throws(StorageError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failed("fstat") }
        return Int(status.st_size)
    }

    func truncate(to size: Int) throws(StorageError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw failed("ftruncate") }
    }

    func dropCache() throws(StorageError) {
        let status = posix_fadvise(descriptor, 0, 0, CInt(POSIX_FADV_DONTNEED))
        guard status == 0 else {
            throw StorageError(call: "posix_fadvise", path: path, errno: status)
        }
    }

    func close() throws(StorageError) {
        guard Glibc.close(descriptor) == 0 else { throw failed("close") }
    }

    private func failed(_ call: String) -> StorageError {
        precondition(errno != EBADF && errno != EFAULT, "\(call) was given a closed file")
        return StorageError(call: call, path: path, errno: errno)
    }
}

final class LocalFileLock: FileLock {
    private let descriptor: Mutex<CInt?>

    init(descriptor: CInt) { self.descriptor = Mutex(descriptor) }

    func release() {
        guard let descriptor = descriptor.withLock({ $0.take() }) else { return }
        // A child that was just forked may hold a copy of the descriptor until it runs its program:
        // unlocking, unlike closing, ends the lock for the copy too.
        _ = flock(descriptor, LOCK_UN)
        _ = close(descriptor)
    }

    deinit { release() }
}
