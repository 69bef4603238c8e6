import Connector
import KindTesting
import SegmentModel
import ServerTesting
import Testing

/// The connection breaks at every byte of a delivery's conversation, in either direction.
@Suite("A delivery that is cut off")
struct ConversationCutTests {
    private static let lane = CursorConformanceTests.lane

    /// What one try left behind.
    private enum Outcome {
        /// Committed, and said so: the conversation was over before the cut.
        case committed
        case failed(TargetFailure)
    }

    private func attempt(
        _ target: Target, _ url: String, _ proxy: TCPProxy, _ from: TargetCursor, _ number: Int,
        cutting side: TCPProxy.Side, after byteCount: Int
    ) async throws -> Outcome {
        let session = try await target.connect { $0.url = url }
        // The first statements of a session are longer than later ones.
        _ = try await session.readCursor(Self.lane)
        proxy.cut(side, after: byteCount)
        var outcome = Outcome.committed
        do {
            let result = try await session.deliver(
                TargetDelivery(
                    lane: Self.lane, id: "\(number)",
                    move: .init(from: from, to: CursorConformanceTests.moved(from, to: 1)),
                    queries: [.text(sql("INSERT INTO journal VALUES (\(number)), (\(number))"))]))
            #expect(result == .committed(rowCounts: [2]))
        } catch let failure as TargetFailure {
            outcome = .failed(failure)
        }
        await session.close()
        return outcome
    }

    @Test(
        "INV-6: whatever byte it ends at, rows and cursor agree, and nothing committed is lost",
        arguments: [ConnectorKind.postgresql, .mysql], TCPProxy.Side.allCases)
    func everyByte(_ kind: ConnectorKind, _ side: TCPProxy.Side) async throws {
        let port =
            try kind == .mysql
            ? MariaDBServer.shared.get().port : PostgresServer.shared.get().port
        try await cut(Target(kind), from: ":\(port)/", to: { ":\($0)/" }, port, side)
    }

    @Test(
        "INV-6: over ODBC too, rows and cursor agree wherever the conversation ends",
        arguments: [ODBCServer.postgres, .mariaDB], TCPProxy.Side.allCases)
    func overODBC(_ server: ODBCServer, _ side: TCPProxy.Side) async throws {
        let port =
            try server == .mariaDB
            ? MariaDBServer.shared.get().port : PostgresServer.shared.get().port
        // A driver says more than a client of ours: a place in each answer, another each time.
        var random = SeededGenerator()
        try await cut(
            Target(odbc: server), from: "Port=\(port);", to: { "Port=\($0);" }, port, side,
            first: Int.random(in: 0..<9, using: &random), step: 9)
    }

    /// - Parameter step: bytes between two places at which it is cut.
    private func cut(
        _ direct: Target, from own: String, to other: (Int) -> String, _ port: Int,
        _ side: TCPProxy.Side, first: Int = 0, step: Int = 1
    ) async throws {
        let eye = try await direct.prepare()
        _ = try await eye.execute(sql("CREATE TABLE journal (number integer)"))
        let proxy = try TCPProxy(to: port)
        defer { proxy.stop() }
        let url = direct.definition.url.replacing(own, with: other(proxy.port))
        var cursor = try await eye.claimCursor(Self.lane, initial: CursorConformanceTests.initial)
        var byteCount = first
        var (unknownCount, lostCount) = (0, 0)
        while true {
            let outcome = try await attempt(
                direct, url, proxy, cursor, byteCount, cutting: side, after: byteCount)
            // Waits for the row's lock: the server may still be at what it was sent before the cut.
            let found = try await eye.claimCursor(Self.lane, initial: cursor)
            let rows = try await eye.rows(
                "SELECT count(*) FROM journal WHERE number = \(byteCount)")
            let isCommitted =
                found.cursor != cursor.cursor || found.resync != cursor.resync
                || found.queryCount != cursor.queryCount
            #expect(
                rows == [[isCommitted ? "2" : "0"]],
                "byte \(byteCount), seed \(SeededGenerator.seed)")
            switch outcome {
            case .committed: #expect(isCommitted, "byte \(byteCount), seed \(SeededGenerator.seed)")
            case .failed(let failure):
                #expect(
                    failure.class == .transient,
                    "byte \(byteCount), seed \(SeededGenerator.seed): \(failure.message)")
                #expect(failure.isConnectionLost, "byte \(byteCount), seed \(SeededGenerator.seed)")
                // Committed and said to have failed would be delivered twice.
                if isCommitted {
                    #expect(
                        failure.isOutcomeUnknown, "byte \(byteCount), seed \(SeededGenerator.seed)")
                }
                unknownCount += failure.isOutcomeUnknown ? 1 : 0
                lostCount += 1
            }
            cursor = found
            if proxy.forgetCut() { break }
            byteCount += step
        }
        // The conversation has hundreds of bytes, and those around COMMIT are not all.
        #expect(lostCount * step > 100 || side == .server)
        #expect(unknownCount > 0 && unknownCount < lostCount)
        await eye.close()
    }

    @Test(
        "INV-6: whatever byte of HTTP it ends at, what may be stored is said to be, and repeats",
        arguments: [TargetVariant.clickHouseServer, .clickHouseEngine], TCPProxy.Side.allCases)
    func overHTTP(_ variant: TargetVariant, _ side: TCPProxy.Side) async throws {
        let direct = try variant.make()
        let eye = try await direct.prepare()
        let isKnownAgain = variant.testDescription == TargetVariant.clickHouseEngine.testDescription
        let window = isKnownAgain ? "SETTINGS non_replicated_deduplication_window = 10000" : ""
        _ = try await eye.execute(
            sql("CREATE TABLE journal (number Int64) ENGINE = MergeTree ORDER BY number \(window)"))
        let address = try #require(direct.definition.url.firstMatch(of: /:(\d+)\//))
        let proxy = try TCPProxy(to: try #require(Int(address.1)))
        defer { proxy.stop() }
        let url = direct.definition.url.replacing(address.0, with: ":\(proxy.port)/")
        var random = SeededGenerator()
        var byteCount = Int.random(in: 0..<5, using: &random)
        while true {
            let place: Comment = "byte \(byteCount), seed \(SeededGenerator.seed)"
            let delivery = TargetDelivery(
                lane: Self.lane, id: "\(byteCount)", move: nil,
                queries: [.text(sql("INSERT INTO journal VALUES (\(byteCount)), (\(byteCount))"))])
            let session = try await direct.connect { $0.url = url }
            proxy.cut(side, after: byteCount)
            let failure = try await caught { _ = try await session.deliver(delivery) }
            _ = proxy.forgetCut()
            await session.close()
            let count = "SELECT count() FROM journal WHERE number = \(byteCount)"
            let stored = try await eye.rows(count)[0][0]
            if isKnownAgain || failure == nil { #expect(stored == "2" || stored == "0", place) }
            guard let failure else {
                #expect(stored == "2", place)
                break
            }
            #expect(failure.class == .transient, place)
            if stored != "0" { #expect(failure.isOutcomeUnknown, place) }
            _ = try await eye.deliver(delivery)
            let repeated = try #require(try await eye.rows(count)[0][0].flatMap { Int($0) })
            // 18.16 stores what came before the cut as well.
            #expect(isKnownAgain ? repeated == 2 : (2...4).contains(repeated), place)
            byteCount += 5
        }
        await eye.close()
    }
}
