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
        let found = rows(try target.run("SELECT clientId FROM journal"))
        #expect(difference(found, expected) == [], place)
        let queries = try target.run("SELECT sum(queries) FROM segledger_cursor")
        let stats = try (worker ?? program).run("stats", "log", "--json").json
        #expect(stats["successful_queries"] as? Int == Int(queries), place)
        #expect(stats["profiles"] as? Int == count, place)
    }
}
