internal import Glibc
package import SegmentModel

extension StorageError {
    /// Of something that is not opened, or not read, for what it is.
    package init(notFit misfit: Misfit, path: String) {
        self.init(call: "open", path: path, errno: misfit.errno, misfit: misfit)
    }

    package var isDiskFull: Bool { errno == ENOSPC || errno == EDQUOT }

    /// The error for the outside, with what to do.
    package var failure: Failure {
        if let misfit {
            return Failure(.storageFailed, "\(path) \(misfit.fault)", hint: misfit.hint(path))
        }
        let reason = String(cString: strerror(errno))
        let message = "\(path): \(call) failed: \(reason)"
        switch errno {
        case ENOSPC, EDQUOT:
            return Failure(
                .storageFull, message, hint: "free some space on this disk and try again")
        case EROFS, EACCES, EPERM:
            return Failure(
                .storageReadOnly, message,
                hint: "give this user the right to write there, or choose another --data directory"
            )
        case ENOENT, ENOTDIR:
            return Failure(.notFound, message, hint: "check the path")
        default:
            return Failure(
                .storageFailed, message, hint: "check the disk and the system's log, then retry")
        }
    }
}

extension StorageError.Misfit {
    /// What the system says where it refuses such a thing itself.
    fileprivate var errno: Int32 {
        switch self {
        case .directory: EISDIR
        case .pipe, .socket, .device: ESPIPE
        case .link: ELOOP
        case .readableByOthers: EACCES
        case .tooLarge: EFBIG
        }
    }

    fileprivate var fault: String {
        switch self {
        case .directory: "is a directory, not a file"
        case .pipe: "is a named pipe, not a file"
        case .socket: "is a socket, not a file"
        case .device: "is a device, not a file"
        case .link: "is a symbolic link, and no link is followed there"
        case .readableByOthers: "may be read or written by other users"
        case .tooLarge: "has more bytes than any such file"
        }
    }

    fileprivate func hint(_ path: String) -> String {
        switch self {
        case .directory: "name a file, not a directory"
        case .pipe, .socket, .device:
            "only regular files are read; where a command takes -, standard input can be a pipe"
        case .link: "put the file itself there: mv \"$(readlink -f '\(path)')\" '\(path)'"
        case .readableByOthers:
            "run chmod 600 '\(path)', and change what stands in it where others may have read it"
        case .tooLarge: "check which file stands there, and put the right one in its place"
        }
    }
}
