internal import Foundation
internal import Glibc
internal import Synchronization

/// A server on loopback that says what a test scripts, whatever the client asks, and keeps all that
/// the client has sent.
///
/// Each connection runs the script on a thread of its own, until the script ends or throws, or the
/// server is stopped.
package final class RogueServer: Sendable {
    package let port: Int
    private let listener: CInt
    private let script: @Sendable (RogueConversation) throws -> Void
    private let state = Mutex(State())

    private struct State {
        var conversations: [RogueConversation] = []
        var isStopped = false
    }

    package init(_ script: @escaping @Sendable (RogueConversation) throws -> Void) throws {
        self.script = script
        port = try LoopbackPort.free()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var one: CInt = 1
        setsockopt(
            listener, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size))
        guard LoopbackPort.withAddress(port, { bind(listener, $0, $1) }) == 0,
            listen(listener, 64) == 0
        else { throw ServerProblem(description: "the rogue has no port: errno \(errno)") }
        Thread.detachNewThread { self.accept() }
    }

    /// What each connection's client has sent so far, in the order in which they came.
    package var received: [[UInt8]] {
        state.withLock { $0.conversations }.map(\.received)
    }

    /// May be called again: the listener's number belongs to somebody else by then.
    package func stop() {
        let (isFirst, conversations) = state.withLock { state in
            defer { state.isStopped = true }
            return (!state.isStopped, state.conversations)
        }
        if isFirst { shutdown(listener, CInt(SHUT_RDWR)) }
        for conversation in conversations { conversation.end() }
    }

    private func accept() {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            if descriptor < 0 {
                if state.withLock({ $0.isStopped }) { break }
                continue
            }
            let conversation = RogueConversation(descriptor)
            let isStopped = state.withLock { state in
                state.conversations.append(conversation)
                return state.isStopped
            }
            guard !isStopped else {
                conversation.end()
                continue
            }
            Thread.detachNewThread { [script] in
                // A client that goes away in the middle is the end of the script.
                try? script(conversation)
                try? conversation.readToEnd()
                conversation.end()
            }
        }
        close(listener)
    }
}

/// One connection to a `RogueServer`.
package final class RogueConversation: Sendable {
    private let descriptor: CInt
    private let bytes = Mutex<[UInt8]>([])

    init(_ descriptor: CInt) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// All that was read.
    var received: [UInt8] { bytes.withLock { $0 } }

    func end() { shutdown(descriptor, CInt(SHUT_RDWR)) }

    package func read(_ count: Int) throws -> [UInt8] {
        var part = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = part.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress! + filled, count - filled, 0)
            }
            guard got > 0 else { throw ServerProblem(description: "the client is gone") }
            bytes.withLock { $0 += part[filled..<filled + got] }
            filled += got
        }
        return part
    }

    package func readToEnd() throws {
        while true { _ = try read(1) }
    }

    package func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw ServerProblem(description: "the client is gone") }
            rest = rest.dropFirst(sent)
        }
    }

    /// Until the client goes away.
    package func sendForEver(_ bytes: [UInt8]) throws {
        while true { try send(bytes) }
    }
}
