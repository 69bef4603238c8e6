import Foundation
import ServerTesting
import Testing

/// Whatever goes wrong with ClickHouse: no row is lost, and one that comes twice is one for who
/// reads the table as its engine is meant to be read.
@Suite(.serialized) struct ClickHouseChaosTests {
    private static let server = Result { try ClickHouseServer() }

    private let journal: Journal

    init() throws { journal = try Journal() }

    /// What a table does with a row that comes twice.
    enum Repeats: CaseIterable {
        /// The current engine knows the block.
        case dropped
        /// They are one for who reads with `FINAL`.
        case collapsed
        /// They stay, and the grade says so.
        case kept
    }

    private static let columns = "(segId Int64, clientId String, sign Int8)"

    private func makeTarget(_ server: any ClickHouse, _ repeats: Repeats) throws -> Target {
        var target = try Target(server)
        let engine =
            switch repeats {
            case .dropped:
                "MergeTree ORDER BY segId SETTINGS non_replicated_deduplication_window = 10000"
            case .collapsed: "ReplacingMergeTree ORDER BY (segId, clientId)"
            case .kept: "MergeTree ORDER BY segId"
            }
        _ = try target.run("CREATE TABLE journal \(Self.columns) ENGINE = \(engine)")
        if repeats == .collapsed { target.journal = "journal FINAL" }
        return target
    }

    private func expectNoneLost(
        _ repeats: Repeats, _ target: Target, _ count: Int, _ place: Comment
    ) throws {
        guard repeats == .kept else {
            return try journal.expectExactlyOnce(target, count, place)
        }
        let expected = (0..<count).map { "C-\($0)" }.sorted()
        let found = rows(try target.run("SELECT DISTINCT clientId FROM journal"))
        #expect(difference(found, expected) == [], place)
        let stats = try journal.program.run("stats", "log", "--json").json
        #expect(stats["profiles"] as? Int == count, place)
        #expect(try journal.program.run("status").output.contains("at-least-once"))
    }

    @Test(
        "INV-6: cuts at any byte, lost answers, delays and kills: as often as the grade says",
        arguments: Repeats.allCases)
    func everythingAtOnce(_ repeats: Repeats) throws {
        var random = SeededGenerator()
        let place: Comment = "seed \(SeededGenerator.seed)"
        let server: any ClickHouse =
            repeats == .dropped
            ? try ClickHouseEngine.shared.get() : try ClickHouseServer.shared.get()
        let target = try makeTarget(server, repeats)
        let proxy = try TCPProxy(to: target.port)
        defer { proxy.stop() }
        try journal.apply(target, url: target.url(through: proxy))
        var count = 0
        for _ in 0..<4 {
            try journal.append(count..<count + 30)
            count += 30
            proxy.cut(
                TCPProxy.Side.allCases.randomElement(using: &random)!,
                after: Int.random(in: 0..<10_000, using: &random))
            proxy.loseReplies(
                toRequestsWith: "INSERT INTO journal", count: Int.random(in: 0...2, using: &random))
            proxy.setDelay(milliseconds: Int.random(in: 0...1, using: &random))
            let worker = try journal.sync()
            if Bool.random(using: &random) {
                let wanted = count - Int.random(in: 1..<30, using: &random)
                while worker.isRunning,
                    Int(try target.run("SELECT count(DISTINCT clientId) FROM journal"))! < wanted
                {}
                worker.kill()
            }
            _ = try worker.wait()
        }
        _ = proxy.forgetCut()
        try journal.finish(place)
        try expectNoneLost(repeats, target, count, place)
    }

    @Test("INV-6: ClickHouse that crashes amid deliveries, and starts again, misses nothing")
    func crashes() throws {
        let server = try Self.server.get()
        let target = try makeTarget(server, .collapsed)
        try journal.expectWaitedOut(
            target, url: target.url, code: "NETWORK", heldAfter: 9000..<12_000,
            fails: { server.end(.killed) }, mends: { try server.startAgain() })
    }

    /// Asked to stop, it first waits long for connections that are open: here none is.
    @Test("INV-6: ClickHouse that was stopped is waited for, and gets what came meanwhile")
    func stopped() throws {
        let server = try Self.server.get()
        let target = try makeTarget(server, .collapsed)
        try journal.apply(target)
        try journal.append(0..<30)
        try journal.finish()
        server.end(.orderly)
        try journal.append(30..<60)
        let worker = try journal.sync()
        try journal.waitForError("NETWORK", worker)
        #expect(worker.isRunning)
        try server.startAgain()
        let result = try worker.wait()
        #expect(result.status == 0, "\(result.errors)")
        try journal.expectExactlyOnce(target, 60, "stopped")
    }

    @Test("INV-6: ClickHouse that has too many queries at once is waited out")
    func tooManyQueries() throws {
        let server = try Self.server.get()
        let target = try makeTarget(server, .collapsed)
        var worker = ClickHouseServer.Worker()
        worker.queriesAtOnce = 1
        try journal.expectWaitedOut(
            target, url: target.url(as: "worker"), code: #""202""#, heldAfter: 9000..<12_000,
            fails: { try server.set(worker) }, mends: { try server.set(.init()) })
    }

    @Test(
        "INV-6: a ClickHouse user who may only read, or has another password, stops; then goes on")
    func rights() throws {
        let server = try Self.server.get()
        for isReadOnly in [true, false] {
            let journal = try Journal()
            let target = try makeTarget(server, .collapsed)
            var worker = ClickHouseServer.Worker()
            worker.isReadOnly = isReadOnly
            worker.password = isReadOnly ? "" : "another"
            try journal.expectStop(
                target, url: target.url(as: "worker"),
                why: isReadOnly ? "the user may only read" : "asks for a password",
                takes: { try server.set(worker) }, returns: { try server.set(.init()) })
        }
    }
}
