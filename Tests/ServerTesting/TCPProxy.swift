internal import Foundation
internal import Glibc
internal import Synchronization

/// A wire between a client and a server on loopback that can be cut at the worst moment.
///
/// Bytes go through as they are. After `loseReplies(toCommits:)` a COMMIT to PostgreSQL or MySQL
/// still reaches the server and is carried out, but the connection ends before the client hears of
/// it; `loseReplies(toRequestsWith:count:)` does the same for a server that answers a request when
/// all of it is done, as ClickHouse does.
package final class TCPProxy: Sendable {
    /// Whom the clients talk to.
    package let port: Int
    private let serverPort: Int
    private let listener: CInt
    private let state = Mutex(State())
    /// Signalled when nothing is held any more.
    private let released = NSCondition()

    /// Who speaks.
    package enum Side: CaseIterable, Sendable {
        case client, server
    }

    private struct State {
        var isDown = false
        var isSilent = false
        var isStopped = false
        var connectionsToRefuse = 0
        var cut: (side: Side, byteCount: Int)?
        /// How many bytes of the server's go through before everything is held.
        var byteCountBeforeHold: Int?
        var isHeld = false
        var delayMilliseconds = 0
        var commitsToLose = 0
        /// Before each that is lost, and of these so many since the last one.
        var commitsToSpare = 0
        var sparedCommitCount = 0
        var lostCommitCount = 0
        /// What a request holds whose reply is lost.
        var lostText: [UInt8] = []
        var requestsToLose = 0
        var connections: [CInt] = []
    }

    package init(to serverPort: Int) throws {
        self.serverPort = serverPort
        port = try LoopbackPort.free()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var one: CInt = 1
        setsockopt(
            listener, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size))
        guard LoopbackPort.withAddress(port, { bind(listener, $0, $1) }) == 0,
            listen(listener, 64) == 0
        else { throw ServerProblem(description: "the proxy has no port: errno \(errno)") }
        Thread.detachNewThread { self.accept() }
    }

    /// Lets the next COMMITs be carried out without an answer; before each of them so many others
    /// have theirs.
    package func loseReplies(toCommits count: Int, sparing sparedCount: Int = 0) {
        state.withLock {
            $0.commitsToLose = count
            $0.commitsToSpare = sparedCount
            $0.sparedCommitCount = 0
        }
    }

    /// Lets the next requests that hold this text be carried out without an answer. The text stands
    /// in the first part of a request that is read.
    package func loseReplies(toRequestsWith text: String, count: Int) {
        state.withLock { state in
            state.lostText = Array(text.utf8)
            state.requestsToLose = count
        }
    }

    package var lostCommitCount: Int { state.withLock { $0.lostCommitCount } }

    /// Cuts every connection and refuses new ones, or lets them through again.
    package func setDown(_ isDown: Bool) {
        state.withLock { state in
            state.isDown = isDown
            guard isDown else { return }
            for one in state.connections { shutdown(one, CInt(SHUT_RDWR)) }
        }
    }

    /// Refuses the next so many connections, and leaves those that stand alone.
    package func refuse(connections count: Int) {
        state.withLock { $0.connectionsToRefuse = count }
    }

    /// How many connections are still to be refused.
    package var connectionsToRefuse: Int { state.withLock { $0.connectionsToRefuse } }

    /// Lets so many bytes of one side through, over all connections from now on, and then cuts the
    /// connection that it is speaking on: in the middle of a message, where it falls so.
    package func cut(_ side: Side, after byteCount: Int) {
        state.withLock { $0.cut = (side, byteCount) }
    }

    /// Whether a cut that was asked for has not come yet; it is no longer asked for then.
    package func forgetCut() -> Bool {
        state.withLock { state in
            defer { state.cut = nil }
            return state.cut != nil
        }
    }

    /// Lets so many bytes of the server's through, over all connections from now on, and then keeps
    /// both sides waiting until `letGo`: whoever delivers is in the middle of it meanwhile.
    package func hold(after byteCount: Int) {
        state.withLock { $0.byteCountBeforeHold = byteCount }
    }

    package var isHeld: Bool { state.withLock { $0.isHeld } }

    package func letGo() {
        released.lock()
        state.withLock { state in
            state.isHeld = false
            state.byteCountBeforeHold = nil
        }
        released.broadcast()
        released.unlock()
    }

    private func waitWhileHeld(_ received: Int, from side: Side) {
        state.withLock { state in
            guard side == .server, let left = state.byteCountBeforeHold else { return }
            state.byteCountBeforeHold = left - received
            state.isHeld = left < received
        }
        released.lock()
        while isHeld { released.wait() }
        released.unlock()
    }

    /// Holds back each piece of what either side says for so long.
    package func setDelay(milliseconds: Int) {
        state.withLock { $0.delayMilliseconds = milliseconds }
    }

    /// Keeps back what the server says from now on, or no longer does.
    package func setSilent(_ isSilent: Bool) {
        state.withLock { $0.isSilent = isSilent }
    }

    /// May be called again: the listener's number belongs to somebody else by then.
    package func stop() {
        let isFirst = state.withLock { state in
            defer { state.isStopped = true }
            for one in state.connections { shutdown(one, CInt(SHUT_RDWR)) }
            return !state.isStopped
        }
        guard isFirst else { return }
        letGo()
        shutdown(listener, CInt(SHUT_RDWR))
    }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            if client < 0 {
                if state.withLock({ $0.isStopped }) { break }
                continue
            }
            let isWanted = state.withLock { state in
                let isRefused = state.connectionsToRefuse > 0
                if isRefused { state.connectionsToRefuse -= 1 }
                return !isRefused && !state.isDown && !state.isStopped
            }
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard isWanted, LoopbackPort.withAddress(serverPort, { connect(server, $0, $1) }) == 0
            else {
                close(client)
                close(server)
                continue
            }
            state.withLock { $0.connections += [client, server] }
            Thread.detachNewThread { self.carry(client, server) }
        }
        close(listener)
    }

    private func carry(_ client: CInt, _ server: CInt) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var lost: LostReply?
        loop: while true {
            var descriptors = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&descriptors, 2, -1) > 0 else { continue }
            for (index, one) in descriptors.enumerated() where one.revents != 0 {
                let received = read(one.fd, &buffer, buffer.count)
                guard received > 0 else { break loop }
                let isFromClient = index == 0
                waitWhileHeld(received, from: isFromClient ? .client : .server)
                delay()
                let count = letThrough(received, of: isFromClient ? .client : .server)
                if !isFromClient, lost != nil {
                    if lost?.isComplete(with: buffer[..<count]) == true { break loop }
                    continue
                }
                if !isFromClient, state.withLock({ $0.isSilent }) { continue }
                if isFromClient, let reply = LostReply(toCommit: buffer[..<count]), takeCommit() {
                    lost = reply
                }
                if isFromClient, takesRequest(buffer[..<count]) { lost = .http }
                guard Self.writeAll(isFromClient ? server : client, buffer, count),
                    count == received
                else { break loop }
            }
        }
        state.withLock { $0.connections.removeAll { $0 == client || $0 == server } }
        close(client)
        close(server)
    }

    private func delay() {
        let milliseconds = state.withLock { $0.delayMilliseconds }
        if milliseconds > 0 { usleep(UInt32(milliseconds) * 1000) }
    }

    /// How many of these bytes go through before the cut.
    private func letThrough(_ count: Int, of side: Side) -> Int {
        state.withLock { state in
            guard let cut = state.cut, cut.side == side else { return count }
            guard cut.byteCount < count else {
                state.cut?.byteCount -= count
                return count
            }
            state.cut = nil
            return cut.byteCount
        }
    }

    /// Whether the reply to this COMMIT is one to lose.
    private func takeCommit() -> Bool {
        state.withLock { state in
            guard state.commitsToLose > 0 else { return false }
            guard state.sparedCommitCount == state.commitsToSpare else {
                state.sparedCommitCount += 1
                return false
            }
            state.sparedCommitCount = 0
            state.commitsToLose -= 1
            state.lostCommitCount += 1
            return true
        }
    }

    private func takesRequest(_ bytes: ArraySlice<UInt8>) -> Bool {
        state.withLock { state in
            guard state.requestsToLose > 0, bytes.contains(state.lostText) else { return false }
            state.requestsToLose -= 1
            return true
        }
    }

    private static func writeAll(_ descriptor: CInt, _ bytes: [UInt8], _ count: Int) -> Bool {
        var done = 0
        while done < count {
            let written = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress! + done, count - done, CInt(MSG_NOSIGNAL))
            }
            guard written > 0 else { return false }
            done += written
        }
        return true
    }
}
