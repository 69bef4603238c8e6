internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// What the server says to one request.
struct ClickHouseAnswer: Sendable {
    let status: Int
    /// `X-ClickHouse-Exception-Code`; older servers say it in the body alone.
    let exceptionCode: Int?
    /// `written_rows` of `X-ClickHouse-Summary`; nil where the server does not count.
    let writtenRowCount: Int?
    /// `X-ClickHouse-Format`; nil where the server does not say.
    let format: String?
    let body: [UInt8]

    init(_ head: HTTPResponseHead, body: [UInt8]) {
        status = Int(head.status.code)
        exceptionCode = head.headers.first(name: "X-ClickHouse-Exception-Code").flatMap { Int($0) }
        writtenRowCount = head.headers.first(name: "X-ClickHouse-Summary")
            .flatMap { Self.number("written_rows", in: $0) }
        format = head.headers.first(name: "X-ClickHouse-Format")
        self.body = body
    }

    /// Of `{"read_rows":"0","written_rows":"2",…}`.
    private static func number(_ name: String, in summary: String) -> Int? {
        guard let start = summary.firstRange(of: "\"\(name)\":\"")?.upperBound else { return nil }
        return Int(summary[start...].prefix { $0.isNumber })
    }
}

/// Collects an answer on the event loop, and remembers whether the request has gone out.
final class AnswerCollector: HTTPClientResponseDelegate {
    typealias Response = ClickHouseAnswer

    /// The answer is longer than `byteCountMax`: the rest of it is not read.
    struct TooLong: Error {}

    /// Of an answer's body, which is held whole until it is complete.
    static let byteCountMax = 32 << 20

    private struct State {
        var head: HTTPResponseHead?
        var body: [UInt8] = []
        var isSent = false
    }

    private let state = Mutex(State())

    /// Some of the request may have reached the server.
    var isSent: Bool { state.withLock { $0.isSent } }

    func didSendRequestHead(task: HTTPClient.Task<ClickHouseAnswer>, _ head: HTTPRequestHead) {
        state.withLock { $0.isSent = true }
    }

    func didReceiveHead(
        task: HTTPClient.Task<ClickHouseAnswer>, _ head: HTTPResponseHead
    ) -> EventLoopFuture<Void> {
        state.withLock { $0.head = head }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(
        task: HTTPClient.Task<ClickHouseAnswer>, _ buffer: ByteBuffer
    ) -> EventLoopFuture<Void> {
        let isTooLong = state.withLock { state in
            guard state.body.count + buffer.readableBytes <= Self.byteCountMax else { return true }
            state.body.append(contentsOf: buffer.readableBytesView)
            return false
        }
        return isTooLong
            ? task.eventLoop.makeFailedFuture(TooLong())
            : task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(
        task: HTTPClient.Task<ClickHouseAnswer>
    ) throws -> ClickHouseAnswer {
        try state.withLock { state in
            guard let head = state.head else { throw HTTPClientError.remoteConnectionClosed }
            return ClickHouseAnswer(head, body: state.body)
        }
    }
}
