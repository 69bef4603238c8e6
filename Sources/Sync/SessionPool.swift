internal import Connector
internal import SegmentModel
internal import Synchronization

/// The open sessions of one integration: at most the connector's pool size, reused, dropped when
/// their connection is lost.
final class SessionPool: Sendable {
    private let connector: any Connector
    private let idle = Mutex<[any TargetSession]>([])
    private let busy = Mutex<[ObjectIdentifier: any TargetSession]>([:])

    init(connector: any Connector) { self.connector = connector }

    var size: Int { connector.definition.poolSize }

    func take() async throws -> any TargetSession {
        let session: any TargetSession
        if let reused = idle.withLock({ $0.popLast() }) {
            session = reused
        } else {
            session = try await connector.connect()
            do {
                if case .refused(let failure) = try await session.openCursors() { throw failure }
            } catch {
                await session.close()
                throw error
            }
        }
        busy.withLock { $0[ObjectIdentifier(session)] = session }
        return session
    }

    func putBack(_ session: any TargetSession, isUsable: Bool) async {
        _ = busy.withLock { $0.removeValue(forKey: ObjectIdentifier(session)) }
        if isUsable {
            idle.withLock { $0.append(session) }
        } else {
            await session.close()
        }
    }

    /// Aborts what is running.
    func cancel() {
        for session in busy.withLock({ Array($0.values) }) { session.cancel() }
    }

    func close() async {
        let sessions = idle.withLock { sessions in
            defer { sessions.removeAll() }
            return sessions
        }
        for session in sessions { await session.close() }
    }
}
