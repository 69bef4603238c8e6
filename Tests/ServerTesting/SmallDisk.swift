internal import Foundation
internal import Glibc

/// A file system of few bytes in memory, which can be made larger. Only root can mount one.
package final class SmallDisk: Sendable {
    package let path: String

    /// `user`: who owns it.
    ///
    /// - Throws: `ServerProblem` with the reason why nothing could be mounted.
    package init(in directory: TemporaryDirectory, owner user: String, byteCount: Int) throws {
        path = directory.path("disk")
        // A server's user goes through.
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: directory.path)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        try runOrThrow(["mount", "-t", "tmpfs", "-o", "size=\(byteCount)", "tmpfs", path])
        try runOrThrow(["chown", "\(user):", path])
    }

    package func grow(to byteCount: Int) throws {
        try runOrThrow(["mount", "-o", "remount,size=\(byteCount)", path])
    }

    /// What still has files open there keeps them.
    package func unmount() throws { try runOrThrow(["umount", "--lazy", path]) }
}
