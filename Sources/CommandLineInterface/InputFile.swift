internal import Glibc
internal import SegmentModel
internal import StorageIO

/// A regular file or standard input, whatever that is, read in chunks by one thread.
///
/// `cancel` may come from any thread; a read that waits for a pipe's other end then throws
/// `CancellationError`, and so does every later one.
final class InputFile: Sendable {
    static let chunkByteCount = 1 << 20

    private let descriptor: CInt
    private let name: String
    /// A pipe: its read end is readable once the input is cancelled.
    private let cancellation: (readEnd: CInt, writeEnd: CInt)

    init(_ path: String) throws {
        name = path == "-" ? "standard input" : path
        if path == "-" {
            descriptor = STDIN_FILENO
        } else {
            do throws(StorageError) {
                descriptor = try RegularFile.openToRead(path)
            } catch {
                throw Self.failure(error)
            }
        }
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw StorageError(call: "pipe", path: name, errno: errno).failure
        }
        cancellation = (ends[0], ends[1])
    }

    /// Bytes from here to the end of a regular file; nil for anything else.
    var remainingByteCount: Int? {
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        return max(0, Int(information.st_size) - Int(lseek(descriptor, 0, SEEK_CUR)))
    }

    /// A pipe, a device or a socket has to come as standard input: there its reader can be stopped.
    private static func failure(_ error: StorageError) -> Failure {
        switch error.misfit {
        case .pipe, .socket, .device:
            Failure(
                .inputRefused, error.failure.message,
                hint: "give it as standard input: write - for the file, and '< \(error.path)'")
        default: error.failure
        }
    }

    /// All of it, or `limit` bytes and one more: then there is more than that.
    func readAll(limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= limit, case let part = try read(), !part.isEmpty { bytes += part }
        return Array(bytes.prefix(limit + 1))
    }

    /// Up to a MiB; empty at the end.
    func read() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: InputFile.chunkByteCount)
        let count = try buffer.withUnsafeMutableBytes { try read(into: $0) }
        buffer.removeLast(buffer.count - count)
        return buffer
    }

    /// Reads what is there, at least a byte, and returns how much; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            try waitForInput()
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else {
                throw StorageError(call: "read", path: name, errno: errno).failure
            }
        }
    }

    private func waitForInput() throws {
        var watched = [
            pollfd(fd: cancellation.readEnd, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&watched, nfds_t(watched.count), -1) < 0 {
            guard errno == EINTR else {
                throw StorageError(call: "poll", path: name, errno: errno).failure
            }
        }
        if watched[0].revents != 0 { throw CancellationError() }
    }

    func cancel() {
        var byte: UInt8 = 1
        // Fails only where the pipe is full: then it is readable as well.
        _ = write(cancellation.writeEnd, &byte, 1)
    }

    /// No read and no `cancel` may follow.
    func close() {
        if descriptor != STDIN_FILENO { _ = Glibc.close(descriptor) }
        _ = Glibc.close(cancellation.readEnd)
        _ = Glibc.close(cancellation.writeEnd)
    }
}
