import Foundation
import ServerTesting
import Testing

/// A worker that adds profiles to five segments, and the keyless journal that its integration `log`
/// writes: a row lost or doubled stays visible.
struct Journal {
    let scratch: TemporaryDirectory
    let program: Program

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
    }

    /// Events that add one profile each, `C-n`; segments take turns.
    func append(_ numbers: Range<Int>, segments: Int = 5) throws {
        let lines = numbers.map {
            #"{"type":"profiles_added","segment_id":\#($0 % segments + 1),"profiles":"#
                + #"[{"id":"p\#($0)","fields":{"CustomID":"C-\#($0)"}}]}"#
        }
        let result = try program.run("append", input: Data(lines.joined(separator: "\n").utf8))
        #expect(result.status == 0, "\(result.errors)")
    }

    /// Applies the integration; `url` is the target's own unless another is given.
    func apply(
        _ target: Target, url: String? = nil, size: Int = 3, settings: String = ""
    ) throws {
        let yaml = Configurations.keyless(
            kind: target.kind, url: url ?? target.url, size: size)
        let more = settings.isEmpty ? "" : ", \(settings)"
        try program.apply(yaml.replacing("\" }", with: "\"\(more) }"))
    }

    func sync(_ arguments: String...) throws -> Program.Running {
        try program.start(["sync", "--until-idle", "--give-up-after", "300"] + arguments)
    }

    /// Syncs to the end, which is to be reached.
    func finish(_ place: Comment? = nil) throws {
        let result = try sync().wait()
        #expect(result.status == 0, "\(result.errors)")
    }

    /// Returns once the errors tell of this code, or the worker has ended.
    func waitForError(_ code: String, _ worker: Program.Running) throws {
        while worker.isRunning, try !program.run("errors", "log", "--json").output.contains(code) {}
    }

    /// `worker`: whose receipts; ours, unless it is another one's.
    func expectExactlyOnce(
        _ target: Target, _ count: Int, _ place: Comment, by worker: Program? = nil
    ) throws {
        let expected = (0..<count).map { "C-\($0)" }.sorted()
        let found = rows(try target.run("SELECT clientId FROM \(target.journal)"))
        #expect(difference(found, expected) == [], place)
        let stats = try (worker ?? program).run("stats", "log", "--json").json
        #expect(stats["profiles"] as? Int == count, place)
        // ClickHouse's row only says who may write.
        guard target.kind != "clickhouse" else { return }
        let queries = try target.run("SELECT sum(queries) FROM segledger_cursor")
        #expect(stats["successful_queries"] as? Int == Int(queries), place)
    }

    /// A worker is stopped in the middle of its deliveries, after so many bytes of the server's;
    /// `fails` is done to the server, and `mends` once the worker has told of `code`.
    func expectWaitedOut(
        _ target: Target, url: String, code: String, heldAfter range: Range<Int> = 2500..<5000,
        fails: () throws -> Void, mends: () throws -> Void
    ) throws {
        var random = SeededGenerator()
        let place: Comment = "seed \(SeededGenerator.seed)"
        let proxy = try TCPProxy(to: target.port)
        defer { proxy.stop() }
        try apply(
            target, url: url.replacing(":\(target.port)/", with: ":\(proxy.port)/"))
        try append(0..<10)
        try finish(place)
        try append(10..<100)
        proxy.hold(after: Int.random(in: range, using: &random))
        let worker = try sync()
        while worker.isRunning, !proxy.isHeld {}
        #expect(proxy.isHeld, place)
        try fails()
        proxy.letGo()
        try waitForError(code, worker)
        // It may be over by itself: what ClickHouse has too many of ends.
        try mends()
        let result = try worker.wait()
        #expect(result.status == 0, "\(result.errors), \(place)")
        try expectExactlyOnce(target, 100, place)
    }

    /// `takes` is done between two runs: the second stops and says `why`, and after `returns` and a
    /// resume nothing is missing.
    func expectStop(
        _ target: Target, url: String, why: String, takes: () throws -> Void,
        returns: () throws -> Void
    ) throws {
        try apply(target, url: url)
        try append(0..<10)
        try finish()
        try takes()
        try append(10..<40)
        let stopped = try sync().wait()
        #expect(stopped.status == 5)
        #expect(stopped.errors.contains(why), "\(stopped.errors)")
        #expect(stopped.errors.contains("integrations resume log"), "\(stopped.errors)")
        try returns()
        // Not by itself: it is the operator's to say that it is mended.
        #expect(try sync().wait().status == 5)
        #expect(try program.run("integrations", "resume", "log").status == 0)
        try finish()
        try expectExactlyOnce(target, 40, "\(why)")
    }
}
