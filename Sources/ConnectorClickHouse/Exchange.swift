internal import AsyncHTTPClient
internal import Connector
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPCompression
internal import Synchronization

/// Requests to one server over a client of the session's own, one after the other.
///
/// Invariants:
/// - nothing blocks: the client works on the process's event loops, which outlive every session;
/// - no wait outlives its deadline, whatever the network does;
/// - success is said after the server has said it for the whole statement (`wait_end_of_query`);
/// - the user and the password stand in headers, never in a URL; a text of the server reaches
///   nobody but `ClickHouseFailures`;
/// - long requests and answers are compressed where they cross a network.
final class ClickHouseExchange: Sendable {
    /// How much later than the statement timeout the client gives up.
    private static let graceMilliseconds = 2000
    /// A kept connection is dropped before the server drops it (3 s in old configurations), so that
    /// no request goes into a connection that is about to close.
    private static let idleSeconds: Int64 = 2

    private struct State {
        var settings = ServerSettings.unknown
        var running: HTTPClient.Task<ClickHouseAnswer>?
        var isCancelled = false
        var isOpen = true
    }

    private let client: HTTPClient
    /// Of requests and their connection: between two loops each part would change threads.
    private let loop: any EventLoop
    /// Of calls that wait for several answers.
    let executor: LoopExecutor
    private let configuration: ClickHouseConfiguration
    private let headers: HTTPHeaders
    private let address: String
    private let state = Mutex(State())

    init(_ configuration: ClickHouseConfiguration) {
        self.configuration = configuration
        loop = HTTPClient.defaultEventLoopGroup.any()
        executor = LoopExecutor(loop)
        var settings = HTTPClient.Configuration(
            tlsConfiguration: configuration.tls, redirectConfiguration: .disallow,
            timeout: .init(
                connect: .milliseconds(Int64(configuration.connectTimeoutMilliseconds))),
            connectionPool: .init(
                idleTimeout: .seconds(Self.idleSeconds),
                concurrentHTTP1ConnectionsPerHostSoftLimit: 1),
            decompression: configuration.isLoopback
                ? .disabled : .enabled(limit: .size(AnswerCollector.byteCountMax)))
        settings.connectionPool.retryConnectionEstablishment = false
        settings.httpVersion = .http1Only
        // Nobody listens, and each request would describe itself all the same.
        settings.tracing.tracer = nil
        client = HTTPClient(eventLoopGroup: loop, configuration: settings)
        var headers = HTTPHeaders([
            ("User-Agent", "segledger"), ("X-ClickHouse-User", configuration.user),
        ])
        if let password = configuration.password {
            headers.add(name: "X-ClickHouse-Key", value: password)
        }
        self.headers = headers
        let compression = configuration.isLoopback ? "" : "&enable_http_compression=1"
        address =
            configuration.address + "?wait_end_of_query=1&default_format=TabSeparated&database="
            + ServerSettings.percentEncoded(configuration.database) + compression
    }

    deinit {
        // A session that nobody closed: the client must not go without its connections.
        if state.withLock({ $0.isOpen }) { _ = client.shutdown() }
    }

    // MARK: The session's state

    var settings: ServerSettings {
        get { state.withLock { $0.settings } }
        set { state.withLock { $0.settings = newValue } }
    }

    /// Begins a call of the session: forgets a cancellation of what ran before, unless it follows
    /// that, and not one of the caller's own task.
    ///
    /// - Throws: if the session is closed.
    func beginCall(follows: Bool = false) throws(TargetFailure) {
        let isOpen = state.withLock { state in
            state.isCancelled = follows && state.isCancelled || Task.isCancelled
            return state.isOpen
        }
        guard isOpen else { throw ClickHouseFailures.closed }
    }

    /// Ends the request that runs, and the session's call with it. From anywhere.
    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            return state.running
        }?.cancel()
    }

    private var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Ends what belongs to the session; false: that was done before.
    func close() async -> Bool {
        let wasOpen = state.withLock { state in
            defer { state.isOpen = false }
            return state.isOpen
        }
        guard wasOpen else { return false }
        do {
            try await client.shutdown()
        } catch {
            // The connections are closed all the same; the session has nothing more to say.
        }
        return true
    }

    // MARK: One statement

    /// - Parameter token: names the block of an INSERT.
    func request(
        _ sql: ArraySlice<UInt8>, _ statement: ClickHouseStatement, token: String? = nil
    ) -> ClickHouseRequest {
        makeRequest(
            sql, parameters: settings.common + settings.parameters(statement, token: token),
            timeoutMilliseconds: configuration.statementTimeoutMilliseconds
                + Self.graceMilliseconds)
    }

    /// Runs one statement and returns the server's answer, which is no refusal.
    func run(
        _ sql: ArraySlice<UInt8>, _ statement: ClickHouseStatement
    ) async throws(TargetFailure) -> ClickHouseAnswer {
        try await run(request(sql, statement))
    }

    /// Runs a statement of our own.
    func run(_ sql: String) async throws(TargetFailure) -> ClickHouseAnswer {
        let bytes = Array(sql.utf8)
        guard let statement = StatementScanner.statements(of: bytes).first else {
            preconditionFailure("a statement of the connector's own is not empty")
        }
        return try await run(bytes[statement.range], statement)
    }

    /// The first request: learns the server's settings.
    func connect() async throws(TargetFailure) {
        let answer: ClickHouseAnswer
        do throws(TargetFailure) {
            answer = try await run(
                makeRequest(
                    Array(ServerSettings.question.utf8)[...], parameters: "",
                    timeoutMilliseconds: configuration.connectTimeoutMilliseconds))
        } catch {
            throw ClickHouseFailures.whileConnecting(
                error.told(in: QueryVocabulary([configuration.database])))
        }
        var values: [String: String] = [:]
        for row in try ClickHouseResults.rows(answer.body) where row.count == 2 {
            if let name = row[0], let value = row[1] { values[name] = value }
        }
        guard !values.isEmpty else { throw ClickHouseFailures.notClickHouse(answer.status) }
        settings = ServerSettings(
            values, statementTimeoutMilliseconds: configuration.statementTimeoutMilliseconds)
    }

    func run(_ request: ClickHouseRequest) async throws(TargetFailure) -> ClickHouseAnswer {
        let deadline = NIODeadline.now() + .milliseconds(Int64(request.timeoutMilliseconds))
        var isFirst = true
        while true {
            guard !isCancelled else { throw ClickHouseFailures.cancelled }
            let collector = AnswerCollector()
            do {
                let answer = try await answer(to: request.http.get(), collector, deadline)
                if let failure = ClickHouseFailures.failure(answer) { throw failure }
                return answer
            } catch let failure as TargetFailure {
                throw failure
            } catch {
                let isSent = collector.isSent
                if isFirst, !isSent, ClickHouseFailures.isStale(error) {
                    isFirst = false
                    continue
                }
                let isCancelled = isCancelled
                var failure =
                    isCancelled
                    ? ClickHouseFailures.cancelled
                    : ClickHouseFailures.transportFailure(error, isSent: isSent)
                failure.isOutcomeUnknown = isSent
                if isSent, isCancelled || ClickHouseFailures.isOverdue(error) {
                    await kill(request.queryID)
                }
                throw failure
            }
        }
    }

    /// Waits for the answer to a request that `cancel` can end.
    private func answer(
        to request: HTTPClient.Request, _ collector: AnswerCollector, _ deadline: NIODeadline
    ) async throws -> ClickHouseAnswer {
        defer { state.withLock { $0.running = nil } }
        // Handed over from the loop itself: one change of threads to it, and one back.
        return try await withTaskCancellationHandler {
            try await loop.flatSubmit { [self] in
                let task = client.execute(
                    request: request, delegate: collector, deadline: deadline)
                let isCancelled = state.withLock { state in
                    state.running = task
                    return state.isCancelled
                }
                if isCancelled { task.cancel() }
                return task.futureResult
            }.get()
        } onCancel: {
            cancel()
        }
    }

    /// Across a network, to servers that know the encoding.
    private var compresses: Bool { !configuration.isLoopback && settings.knowsLZ4 }

    private func makeRequest(
        _ sql: ArraySlice<UInt8>, parameters: String, timeoutMilliseconds: Int
    ) -> ClickHouseRequest {
        var headers = headers
        var body = ByteBuffer()
        if compresses, sql.count >= ClickHouseCompression.byteCountMin,
            let frame = ClickHouseCompression.frame(sql)
        {
            headers.add(name: "Content-Encoding", value: "lz4")
            body.writeBytes(frame)
        } else {
            body.writeBytes(sql)
        }
        let queryID = Self.makeQueryID()
        let url = "\(address)&query_id=\(queryID)\(parameters)"
        return ClickHouseRequest(
            http: Result {
                try HTTPClient.Request(
                    url: url, method: .POST, headers: headers,
                    body: settings.knowsTokens ? Self.wholeOrRefused(body) : .byteBuffer(body))
            }, queryID: queryID, timeoutMilliseconds: timeoutMilliseconds)
    }

    /// A body in chunks, the last of which is empty. Of one with a length some servers (22.3 does)
    /// run what came before the connection broke: an INSERT of fewer rows, whose token lets them
    /// drop the repeat. https://github.com/ClickHouse/ClickHouse/issues/27667
    private static func wholeOrRefused(_ body: ByteBuffer) -> HTTPClient.Body {
        .stream { $0.write(.byteBuffer(body)) }
    }

    /// Asks the server to end a query whose request is over: it does not end it by itself. Waits a
    /// little for the answer, on no task that could be cancelled; a server that does not give one
    /// ends the query at `max_execution_time`.
    private func kill(_ queryID: String) async {
        let sql = Array("KILL QUERY WHERE query_id = '\(queryID)' ASYNC".utf8)
        do {
            let request = makeRequest(
                sql[...], parameters: "", timeoutMilliseconds: Self.graceMilliseconds)
            _ = try await client.execute(
                request: request.http.get(), delegate: AnswerCollector(),
                deadline: .now() + .milliseconds(Int64(request.timeoutMilliseconds))
            ).futureResult.get()
        } catch {
            // The caller's failure says already that the outcome is not known.
        }
    }

    private static func makeQueryID() -> String {
        var generator = SystemRandomNumberGenerator()
        return "segledger-" + String(generator.next(), radix: 36)
    }
}

/// A statement on its way to the server.
struct ClickHouseRequest: Sendable {
    /// Or why there is no such request; met when it is sent.
    let http: Result<HTTPClient.Request, any Error>
    let queryID: String
    let timeoutMilliseconds: Int
}
