internal import Glibc
internal import Synchronization

/// Sends bodies to a server on loopback over one connection that is kept; callers take turns.
///
/// Reads what the test servers write: a status line, headers, and a body with a length, in chunks,
/// or up to the end of the connection.
final class HTTPClient: Sendable {
    private let port: Int
    private let connection = Mutex<HTTPConnection?>(nil)

    init(port: Int) {
        self.port = port
    }

    /// - Throws: `ServerProblem` if the server is not there or hangs up in the middle.
    func post(_ body: [UInt8]) throws -> (status: Int, body: [UInt8]) {
        try connection.withLock { kept in
            // A server may have closed a kept connection: what was sent on it was not read.
            let isKept = kept != nil
            do {
                return try Self.post(body, over: &kept, port: port)
            } catch is HTTPConnection.ClosedBeforeAnswer where isKept {
                return try Self.post(body, over: &kept, port: port)
            }
        }
    }

    /// Lets go of the kept connection.
    func disconnect() { connection.withLock { $0 = nil } }

    private static func post(
        _ body: [UInt8], over kept: inout HTTPConnection?, port: Int
    ) throws -> (status: Int, body: [UInt8]) {
        let connection = try kept ?? HTTPConnection(port: port)
        kept = nil
        let answer = try connection.post(body)
        if answer.isKept { kept = connection }
        return (answer.status, answer.body)
    }
}

/// One connection; blocking.
private final class HTTPConnection: @unchecked Sendable {  // used under the client's lock
    struct ClosedBeforeAnswer: Error {}

    private let descriptor: CInt
    private var buffer: [UInt8] = []
    private var start = 0

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var one: CInt = 1
        setsockopt(
            descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
        guard LoopbackPort.withAddress(port, { connect(descriptor, $0, $1) }) == 0 else {
            // `deinit` closes it: twice would close what another thread has opened meanwhile.
            let reason = errno
            throw ServerProblem(description: "no HTTP server on port \(port): errno \(reason)")
        }
    }

    deinit {
        close(descriptor)
    }

    func post(_ body: [UInt8]) throws -> (status: Int, body: [UInt8], isKept: Bool) {
        let head = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: \(body.count)\r\n\r\n"
        try send(Array(head.utf8) + body)
        if buffer.isEmpty, try !receive() { throw ClosedBeforeAnswer() }
        let statusLine = try line().split(separator: " ")
        guard statusLine.count >= 2, let status = Int(statusLine[1]) else { throw malformed() }
        var headers: [String: String] = [:]
        while case let header = try line(), !header.isEmpty {
            guard let colon = header.firstIndex(of: ":") else { throw malformed() }
            let value = header[header.index(after: colon)...].drop { $0 == " " }
            headers[header[..<colon].lowercased()] = value.lowercased()
        }
        let isKept = headers["connection"] != "close"
        if headers["transfer-encoding"] == "chunked" { return (status, try chunks(), isKept) }
        if let length = headers["content-length"].flatMap({ Int($0) }) {
            return (status, try take(length), isKept)
        }
        while try receive() {}
        return (status, Array(buffer[start...]), false)
    }

    private func chunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let size = try line().prefix { $0 != ";" }
            guard let count = Int(size, radix: 16) else { throw malformed() }
            body += try take(count)
            _ = try line()
            if count == 0 { return body }
        }
    }

    private func line() throws -> String {
        while true {
            if let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) {
                let text = String(decoding: buffer[start..<end], as: UTF8.self)
                drop(end + 1 - start)
                return text.hasSuffix("\r") ? String(text.dropLast()) : text
            }
            guard try receive() else { throw malformed() }
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while buffer.count - start < count {
            guard try receive() else { throw malformed() }
        }
        let bytes = Array(buffer[start..<start + count])
        drop(count)
        return bytes
    }

    private func drop(_ count: Int) {
        start += count
        guard start == buffer.count else { return }
        buffer.removeAll(keepingCapacity: true)
        start = 0
    }

    private func malformed() -> ServerProblem {
        ServerProblem(description: "the HTTP server's answer is cut or malformed")
    }

    /// false: the server has closed the connection.
    private func receive() throws -> Bool {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return false }
        buffer += bytes[..<count]
        return true
    }

    private func send(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + done, $0.count - done, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw ClosedBeforeAnswer() }
            done += count
        }
    }
}
