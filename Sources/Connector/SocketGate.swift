package import Glibc

/// Stands between a client library and the server's socket, on the thread of the connection.
///
/// A library that is handed an address opens a socket of its own, answers on it whatever the server
/// asks, and reads on as long as bytes come. So its connected socket is exchanged, under the same
/// descriptor, for one end of a pair, and what crosses is carried from the pair's other end to the
/// server's socket and back. The library notices nothing: TLS is its own affair, end to end.
///
/// Invariants:
/// - what the library is given was looked at before, as long as there is an inspection;
/// - it is given one portion at a time, and at most `byteCountMax` bytes until `restartCount`: what
///   it holds in memory has a limit, whatever lengths a server announces;
/// - nothing here blocks, and no byte is kept back that the library has sent.
package final class SocketGate {
    /// Looks at what arrives. Its machine knows neither socket nor clock.
    package protocol Inspection {
        /// Nothing is to be looked at any more.
        var isDone: Bool { get }

        /// Takes bytes of the server's and returns those that the library may have now.
        ///
        /// - Throws: what was asked is not to be answered.
        mutating func take(_ bytes: UnsafeRawBufferPointer) throws(TargetFailure) -> [UInt8]
    }

    /// What an inspection holds and gets at once fits into one portion.
    private static let inspectedByteCount = 1 << 13
    private static let portionByteCount = 1 << 16

    /// Of bytes that come before something is done with them.
    package var byteCountMax: Int
    private var byteCount = 0
    /// Our end of the pair, and the server's socket.
    private let inner: CInt
    private let outer: CInt
    /// Of the library's end: it may close it and open another one under the same number.
    private let identity: Identity
    private var inspection: (any Inspection)?
    private var outgoing = Portion()
    private var incoming = Portion()
    /// The server has closed its side, or the network did.
    private var isOver = false

    /// Puts itself on a connected socket. nil: there is none, or the system gives no more
    /// descriptors.
    package init?(on descriptor: CInt, inspection: (any Inspection)?, byteCountMax: Int) {
        guard descriptor >= 0 else { return nil }
        var pair: [CInt] = [-1, -1]
        let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &pair) == 0 else { return nil }
        let outer = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        let exchanged = outer < 0 ? -1 : dup2(pair[0], descriptor)
        close(pair[0])
        guard exchanged == descriptor else {
            close(pair[1])
            if outer >= 0 { close(outer) }
            return nil
        }
        inner = pair[1]
        self.outer = outer
        self.inspection = inspection
        self.byteCountMax = byteCountMax
        identity = Identity(of: descriptor)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(outer, F_SETFL, fcntl(outer, F_GETFL) | O_NONBLOCK)
    }

    deinit {
        // What the library said last, on its way out.
        carryOut()
        close(inner)
        close(outer)
        outgoing.bytes.deallocate()
        incoming.bytes.deallocate()
    }

    private struct Identity: Equatable {
        private var device: UInt64 = 0
        private var inode: UInt64 = 0

        init(of descriptor: CInt) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { return }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        }
    }

    /// Whether the library still has the end that it was given.
    package func isOn(_ descriptor: CInt) -> Bool { Identity(of: descriptor) == identity }

    /// Something was done with what came: a result was taken, or a message thrown away.
    package func restartCount() { byteCount = 0 }

    /// Ends both directions: whoever reads or writes is told so at once.
    package func shutDown() {
        shutdown(inner, CInt(SHUT_RDWR))
        shutdown(outer, CInt(SHUT_RDWR))
    }

    // MARK: Waiting

    /// Whether the library can go on: it has something to read, be it the end, or all that it has
    /// sent is with the system.
    package func isReady(
        _ descriptor: CInt, reading: Bool, writing: Bool
    ) throws(TargetFailure) -> Bool {
        carryOut()
        if writing, isDrained { return true }
        guard reading else { return false }
        if hasInput(descriptor) { return true }
        return try carryIn()
    }

    /// All that the library has sent is with the system.
    package var isDrained: Bool { outgoing.isEmpty }

    /// What to wait for when nothing `isReady`.
    package func awaited(reading: Bool) -> pollfd {
        var events: Int32 = reading ? POLLIN : 0
        if !isDrained { events |= POLLOUT }
        return pollfd(fd: outer, events: Int16(events), revents: 0)
    }

    private func hasInput(_ descriptor: CInt) -> Bool {
        var count: CInt = 0
        return ioctl(descriptor, UInt(FIONREAD), &count) == 0 && count > 0
    }

    // MARK: Carrying

    /// Bytes on their way, of which some have arrived.
    private struct Portion {
        let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: SocketGate.portionByteCount, alignment: 8)
        private var rest = 0..<0

        var isEmpty: Bool { rest.isEmpty }

        mutating func fill(_ count: Int) { rest = 0..<count }

        /// Sends as much as the system takes; the result is that of `send`.
        mutating func send(to socket: CInt) -> Int {
            let sent = Glibc.send(
                socket, bytes.baseAddress! + rest.lowerBound, rest.count,
                CInt(MSG_NOSIGNAL))
            if sent > 0 { rest = (rest.lowerBound + sent)..<rest.upperBound }
            return sent
        }
    }

    /// Carries what the library has sent to the server, as much as the system takes.
    package func carryOut() {
        while true {
            if outgoing.isEmpty {
                let count = recv(inner, outgoing.bytes.baseAddress, outgoing.bytes.count, 0)
                guard count > 0 else { return }
                outgoing.fill(count)
            }
            guard outgoing.send(to: outer) < 0, errno != EINTR else { continue }
            // A broken connection is noticed where it is read.
            if errno != EAGAIN { outgoing.fill(0) }
            return
        }
    }

    /// Carries one portion of the server's to the library; false: there is none now.
    ///
    /// - Throws: what the server asks is not answered, or its answer is too long.
    private func carryIn() throws(TargetFailure) -> Bool {
        if incoming.isEmpty {
            guard try receive() else { return isOver }
        }
        return incoming.send(to: inner) > 0
    }

    /// Whether there is something for the library now.
    private func receive() throws(TargetFailure) -> Bool {
        let size = inspection == nil ? Self.portionByteCount : Self.inspectedByteCount
        let count = recv(outer, incoming.bytes.baseAddress, size, 0)
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return false }
            isOver = true
            shutdown(inner, CInt(SHUT_WR))
            return false
        }
        byteCount += count
        guard byteCount <= byteCountMax else { throw .answerTooLong }
        guard inspection != nil else {
            incoming.fill(count)
            return true
        }
        let passed = try inspection!.take(
            UnsafeRawBufferPointer(rebasing: incoming.bytes[..<count]))
        precondition(passed.count <= incoming.bytes.count, "an inspection holds one message")
        incoming.bytes.copyBytes(from: passed)
        incoming.fill(passed.count)
        if inspection!.isDone { inspection = nil }
        return !passed.isEmpty
    }
}
