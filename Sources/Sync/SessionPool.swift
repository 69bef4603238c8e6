internal import Connector
internal import SegmentModel
internal import Synchronization

/// The sessions of one connector, over all its integrations: at most its pool size, reused, dropped
/// when their connection is lost.
///
/// Where more want one than there are, the integration that has the fewest is next, and among
/// equals the one that waits longest.
final class SessionPool: Sendable {
    /// A session that an integration holds.
    struct Lease: Sendable {
        let session: any TargetSession
        let support: CursorSupport
        /// Of the sessions that the pool has opened.
        let number: UInt64
        /// It was used before: its connection may have ended meanwhile.
        let isReused: Bool
    }

    private enum Grant {
        case session(any TargetSession, CursorSupport, number: UInt64)
        /// Room for a new one.
        case room
        case cancelled
    }

    private struct Waiter {
        let id: UInt64
        let integration: String
        let continuation: CheckedContinuation<Grant, Never>
    }

    private struct State {
        var idle: [(session: any TargetSession, support: CursorSupport, number: UInt64)] = []
        /// Sessions and rooms that each integration holds.
        var heldCount: [String: Int] = [:]
        var busy: [ObjectIdentifier: (integration: String, session: any TargetSession)] = [:]
        var waiters: [Waiter] = []
        var nextID: UInt64 = 0

        var openCount: Int { idle.count + heldCount.values.reduce(0, +) }
    }

    let connector: any Connector
    private let state = Mutex(State())

    init(connector: any Connector) { self.connector = connector }

    var size: Int { connector.definition.poolSize }

    /// Whether somebody waits for a session.
    var hasWaiters: Bool { state.withLock { !$0.waiters.isEmpty } }

    // MARK: Taking

    /// - Throws: `TargetFailure` if no connection can be had; `CancellationError`.
    func take(for integration: String) async throws -> Lease {
        switch await grant(to: integration) {
        case .cancelled: throw CancellationError()
        case .session(let session, let support, let number):
            note(session, integration)
            return Lease(session: session, support: support, number: number, isReused: true)
        case .room:
            do {
                let session = try await connect()
                note(session, integration)
                do {
                    let support = try await session.openCursors()
                    return Lease(
                        session: session, support: support, number: nextNumber(), isReused: false)
                } catch {
                    _ = state.withLock { $0.busy.removeValue(forKey: ObjectIdentifier(session)) }
                    await session.close()
                    throw error
                }
            } catch {
                release(integration)
                throw error
            }
        }
    }

    /// A connection that is still being made when the caller is cancelled is closed once it is
    /// made, and nobody waits for that: it may take as long as a network wants.
    private func connect() async throws -> any TargetSession {
        let result = FirstResult<any TargetSession>()
        Task { [connector] in
            do {
                let session = try await connector.connect()
                if !result.give(.success(session)) { await session.close() }
            } catch {
                _ = result.give(.failure(error))
            }
        }
        return try await withTaskCancellationHandler {
            try await result.value()
        } onCancel: {
            _ = result.give(.failure(CancellationError()))
        }
    }

    private func note(_ session: any TargetSession, _ integration: String) {
        state.withLock { $0.busy[ObjectIdentifier(session)] = (integration, session) }
    }

    private func nextNumber() -> UInt64 {
        state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
    }

    private func grant(to integration: String) async -> Grant {
        let id = nextNumber()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { state in
                    guard !Task.isCancelled else {
                        continuation.resume(returning: .cancelled)
                        return
                    }
                    state.waiters.append(
                        Waiter(id: id, integration: integration, continuation: continuation))
                    serve(&state)
                }
            }
        } onCancel: {
            state.withLock { state in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return }
                state.waiters.remove(at: index).continuation.resume(returning: .cancelled)
            }
        }
    }

    /// Gives what is free to those who wait.
    private func serve(_ state: inout State) {
        while !state.waiters.isEmpty, !state.idle.isEmpty || state.openCount < size {
            let index = state.waiters.indices.min { left, right in
                func held(_ index: Int) -> Int {
                    state.heldCount[state.waiters[index].integration] ?? 0
                }
                return (held(left), left) < (held(right), right)
            }!
            let waiter = state.waiters.remove(at: index)
            state.heldCount[waiter.integration, default: 0] += 1
            if let free = state.idle.popLast() {
                waiter.continuation.resume(
                    returning: .session(free.session, free.support, number: free.number))
            } else {
                waiter.continuation.resume(returning: .room)
            }
        }
    }

    private func release(_ integration: String) {
        state.withLock { state in
            state.heldCount[integration, default: 1] -= 1
            serve(&state)
        }
    }

    // MARK: Giving back

    /// A session that is of no more use is closed, and so are those that rest: what ended its
    /// connection has most likely ended theirs.
    func putBack(_ lease: Lease, of integration: String, isUsable: Bool) async {
        let closing: [any TargetSession] = state.withLock { state in
            state.busy.removeValue(forKey: ObjectIdentifier(lease.session))
            guard isUsable else {
                defer { state.idle = [] }
                return [lease.session] + state.idle.map(\.session)
            }
            state.heldCount[integration, default: 1] -= 1
            state.idle.append((lease.session, lease.support, lease.number))
            serve(&state)
            return []
        }
        for session in closing { await session.close() }
        if !isUsable { release(integration) }
    }

    /// Aborts what an integration runs.
    func cancel(_ integration: String) {
        let sessions = state.withLock { state in
            state.busy.values.filter { $0.integration == integration }.map(\.session)
        }
        for session in sessions { session.cancel() }
    }

    /// Closes the sessions that rest.
    func close() async {
        let sessions = state.withLock { state in
            defer { state.idle = [] }
            return state.idle.map(\.session)
        }
        for session in sessions { await session.close() }
    }
}

/// The pools of a run: one for each connector that an integration of it uses.
final class SessionPools: Sendable {
    private let makeConnector: @Sendable (ConnectorDefinition) throws -> any Connector
    private let pools = Mutex<[String: SessionPool]>([:])

    init(makeConnector: @escaping @Sendable (ConnectorDefinition) throws -> any Connector) {
        self.makeConnector = makeConnector
    }

    /// - Throws: `configurationInvalid` for a definition that makes no connector.
    func pool(of connector: ConnectorDefinition) throws -> SessionPool {
        try pools.withLock { pools in
            if let pool = pools[connector.name] { return pool }
            let pool = SessionPool(connector: try makeConnector(connector))
            pools[connector.name] = pool
            return pool
        }
    }

    /// Runs `body` and closes every session, whatever happens.
    func closing<Result>(_ body: () async throws -> Result) async throws -> Result {
        let result: Result
        do {
            result = try await body()
        } catch {
            await close()
            throw error
        }
        await close()
        return result
    }

    private func close() async {
        for pool in pools.withLock({ Array($0.values) }) { await pool.close() }
    }
}
