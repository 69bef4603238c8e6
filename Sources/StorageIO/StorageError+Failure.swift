internal import Glibc
package import SegmentModel

extension StorageError {
    package var isDiskFull: Bool { errno == ENOSPC || errno == EDQUOT }

    /// The error for the outside, with what to do.
    package var failure: Failure {
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
        case EISDIR:
            return Failure(.notFound, message, hint: "name a file, not a directory")
        default:
            return Failure(
                .storageFailed, message, hint: "check the disk and the system's log, then retry")
        }
    }
}
