internal import Glibc

/// Opens files, and nothing that only looks like one.
///
/// Invariants:
/// - a named pipe, a device, a socket or a directory is refused at once: opening it never waits for
///   another end, and reading it never goes on without one;
/// - a new file that holds anything is for the user of this process alone (mode 0600), from its
///   first byte.
///
/// A link is followed, unless the file is a private one.
package enum RegularFile {
    /// Opens a file to be read and returns its descriptor, which does not outlive `exec`.
    package static func openToRead(_ path: String) throws(StorageError) -> CInt {
        try open(path, O_RDONLY)
    }

    /// Refuses what stands at a path and is no regular file; nothing at all is fine. For paths
    /// that a library opens itself.
    package static func requireAtMost(_ path: String) throws(StorageError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return }
            throw StorageError(call: "stat", path: path, errno: errno)
        }
        try require(status, path)
    }

    /// Makes an empty file with mode 0600, unless something stands there already; for files that a
    /// library would make itself, open to whoever the umask lets in.
    package static func makeIfMissing(_ path: String) throws(StorageError) {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
        let descriptor = Glibc.open(path, flags, fileMode)
        if descriptor >= 0 {
            _ = Glibc.close(descriptor)
        } else if errno != EEXIST {
            throw StorageError(call: "open", path: path, errno: errno)
        }
    }

    static let fileMode: mode_t = 0o600
    /// Of a file that is locked and always empty: it says nothing, and the directory that it
    /// stands in lets nobody else in.
    static let lockMode: mode_t = 0o644
    static let directoryMode: mode_t = 0o700

    /// `O_NONBLOCK` changes nothing about a regular file; with it, opening a pipe does not wait.
    static func open(
        _ path: String, _ flags: CInt, mode: mode_t = fileMode
    ) throws(StorageError) -> CInt {
        let descriptor = Glibc.open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            let reason = errno
            // A pipe without a reader, a socket, a device without a driver.
            if reason == ENXIO || reason == ENODEV || reason == EISDIR {
                try requireAtMost(path)
            }
            throw StorageError(call: "open", path: path, errno: reason)
        }
        do throws(StorageError) {
            try require(try status(of: descriptor, path), path)
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Refuses a link, and a file that anybody but its owner may read or write.
    static func openPrivate(_ path: String) throws(StorageError) -> CInt {
        let descriptor: CInt
        do throws(StorageError) {
            descriptor = try open(path, O_RDONLY | O_NOFOLLOW)
        } catch {
            guard error.errno == ELOOP else { throw error }
            throw StorageError(notFit: .link, path: path)
        }
        do throws(StorageError) {
            let status = try status(of: descriptor, path)
            guard status.st_mode & 0o077 == 0 else {
                throw StorageError(notFit: .readableByOthers, path: path)
            }
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func status(
        of descriptor: CInt, _ path: String
    ) throws(StorageError) -> Glibc.stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw StorageError(call: "fstat", path: path, errno: errno)
        }
        return status
    }

    private static func require(_ status: Glibc.stat, _ path: String) throws(StorageError) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: return
        case S_IFDIR: throw StorageError(notFit: .directory, path: path)
        case S_IFIFO: throw StorageError(notFit: .pipe, path: path)
        case S_IFSOCK: throw StorageError(notFit: .socket, path: path)
        default: throw StorageError(notFit: .device, path: path)
        }
    }
}
