internal import Glibc
internal import Synchronization

/// Wakes a thread that polls: raised from anywhere, seen as a readable descriptor.
package final class CancelSignal: Sendable {
    package let readEnd: CInt
    private let writeEnd: CInt
    private let isRaisedFlag = Atomic<Bool>(false)

    package init() {
        var ends: [CInt] = [-1, -1]
        let status = pipe(&ends)
        precondition(status == 0, "the system refuses a pipe (errno \(errno))")
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        _ = close(readEnd)
        _ = close(writeEnd)
    }

    package var isRaised: Bool { isRaisedFlag.load(ordering: .acquiring) }

    package func raise() {
        isRaisedFlag.store(true, ordering: .releasing)
        // A full pipe is as readable as one byte makes it.
        _ = write(writeEnd, [1], 1)
    }

    package func lower() {
        isRaisedFlag.store(false, ordering: .releasing)
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(readEnd, &bytes, bytes.count) > 0 {}
    }
}
