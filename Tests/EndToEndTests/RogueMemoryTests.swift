import Foundation
import ServerTesting
import Testing

/// The built program against servers whose answers do not end.
@Suite("No answer of a server fills the memory", .serialized)
struct RogueMemoryTests {
    /// Of the whole process, whatever a server sends.
    private static let peakMiBMax = 200

    /// Runs `sync` once against the server and returns its peak memory and what it printed.
    private func sync(
        _ kind: String, _ port: Int, database: String = "crm"
    ) throws -> (peakMiB: Int, status: Int, errors: String) {
        let directory = try TemporaryDirectory()
        let program = Program(directory: directory.path(""))
        let url = "\(kind)://sync@127.0.0.1:\(port)/\(database)"
        try program.apply(
            Configurations.keyless(kind: kind, url: url, size: 10)
                .replacingOccurrences(
                    of: "\" }",
                    with: "\", connect_timeout: 2s, statement_timeout: 1s }"))
        let event =
            #"{"type":"profiles_added","segment_id":1,"profiles":"#
            + #"[{"id":"p","fields":{"CustomID":"C-1"}}]}"#
        guard try program.run("append", input: Data(event.utf8)).status == 0 else {
            throw ServerProblem(description: "the events are not appended")
        }
        return try measured(program, ["sync", "--until-idle", "--give-up-after", "1"])
    }

    /// Asked from a small process: what a process took at most before it became another counts
    /// with it, and the tests themselves are large.
    private static let meter = """
        import resource, subprocess, sys
        status = subprocess.call(sys.argv[1:])
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, status)
        """

    private func measured(
        _ program: Program, _ arguments: [String]
    ) throws -> (peakMiB: Int, status: Int, errors: String) {
        let process = Process()
        let (output, errors) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.meter, Program.url.path] + arguments
        process.environment = ProcessInfo.processInfo.environment
            .merging(["SEGLEDGER_DATA": program.directory + "/data"]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = String(
            decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let figures = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let lines = figures.split(separator: "\n")
        let numbers = (lines.last ?? "").split(separator: " ").compactMap { Int($0) }
        guard numbers.count == 2 else {
            throw ServerProblem(
                description: "the meter ended with \(process.terminationStatus): \(figures)\(text)")
        }
        return (numbers[0], numbers[1], text)
    }

    private func expectSmall(
        _ kind: String, _ name: String, database: String = "crm",
        _ script: @escaping @Sendable (RogueConversation) throws -> Void
    ) throws {
        let server = try RogueServer(script)
        defer { server.stop() }
        let (peak, status, errors) = try sync(kind, server.port, database: database)
        print("\(kind), \(name): peak \(peak) MiB")
        #expect(peak < Self.peakMiBMax, "\(name): \(peak) MiB; \(errors)")
        // Ended by itself, with the failure that `status` tells of.
        #expect(status == 5, "\(name): \(status) \(errors)")
        #expect(!server.received.isEmpty, "\(name)")
    }

    private static let big = [UInt8](repeating: 0x72, count: 1 << 16)

    @Test("PostgreSQL: rows, lengths, notices and settings without an end")
    func postgres() throws {
        let bodies: [(String, start: [UInt8], again: [UInt8])] = [
            (
                "rows", RoguePostgres.column,
                Array((0..<60).flatMap { _ in RoguePostgres.row(1000) })
            ),
            (
                "a row of 1 GB",
                RoguePostgres.column + Array("D".utf8)
                    + RoguePostgres.number(0x3FFF_FFFF) + [0, 1]
                    + RoguePostgres.number(0x3FFF_FFF0), Self.big
            ),
            (
                "settings", [],
                (0..<200).flatMap { place in
                    RoguePostgres.message(
                        "S",
                        RoguePostgres.text("k\(place)\(UUID())")
                            + RoguePostgres.text(String(repeating: "v", count: 1000)))
                }
            ),
            (
                "notifications", [],
                RoguePostgres.message(
                    "A",
                    RoguePostgres.number(1) + RoguePostgres.text("c")
                        + RoguePostgres.text(String(repeating: "p", count: 1000)))
            ),
            (
                "notices", [],
                RoguePostgres.message(
                    "N",
                    RoguePostgres.text("SNOTICE") + RoguePostgres.text("C00000")
                        + RoguePostgres.text("M" + String(repeating: "n", count: 1000)) + [0])
            ),
        ]
        for (name, start, again) in bodies {
            try expectSmall("postgresql", name) { client in
                try RoguePostgres.greet(client)
                try client.send(RoguePostgres.question(0) + RoguePostgres.ready)
                try RoguePostgres.read(client)
                try client.send(start)
                try client.sendForEver(again)
            }
        }
        try expectSmall("postgresql", "settings before the login ends") { client in
            try RoguePostgres.greet(client)
            try client.send(RoguePostgres.question(0))
            try client.sendForEver(
                RoguePostgres.message("S", RoguePostgres.text("k") + RoguePostgres.text("v")))
        }
        try expectSmall("postgresql", "an error of 1 GB") { client in
            try RoguePostgres.greet(client)
            try client.send(Array("E".utf8) + RoguePostgres.number(0x3FFF_FFF0))
            try client.sendForEver(Self.big)
        }
    }

    @Test("MySQL: rows, columns and packets without an end")
    func mysql() throws {
        func answering(
            _ name: String, _ body: @escaping @Sendable (RogueConversation, Int) throws -> Void
        ) throws {
            try expectSmall("mysql", name) { client in
                try client.send(RogueMySQL.greeting(offersTLS: false))
                try client.send(RogueMySQL.okay(try RogueMySQL.read(client).sequence + 1))
                try body(client, try RogueMySQL.read(client).sequence + 1)
            }
        }
        try answering("rows") { client, sequence in
            try client.send(RogueMySQL.column(sequence))
            let row = RogueMySQL.text(Self.big.prefix(1000) + [])
            var next = sequence + 3
            while true {
                try client.send((0..<60).flatMap { RogueMySQL.packet(next + $0, row) })
                next += 60
            }
        }
        try answering("a row without an end") { client, sequence in
            try client.send(RogueMySQL.column(sequence))
            var next = sequence + 3
            while true {
                try client.send(RogueMySQL.header(0xFFFFFF, next) + Self.big.dropLast())
                for _ in 0..<255 { try client.send(Self.big) }
                next += 1
            }
        }
        try answering("16 million columns") { client, sequence in
            try client.send(RogueMySQL.packet(sequence, [0xFD, 0xFF, 0xFF, 0xFF]))
            let column = RogueMySQL.column(0).dropFirst(5)
            let body = Array(column.prefix(Int(column.first!) + 4).dropFirst(4))
            var next = sequence + 1
            while true {
                try client.send((0..<60).flatMap { RogueMySQL.packet(next + $0, body) })
                next += 60
            }
        }
        try answering("4 billion columns") { client, sequence in
            try client.send(
                RogueMySQL.packet(sequence, [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]))
        }
        try expectSmall("mysql", "a greeting without an end") { client in
            try client.send([0xFF, 0xFF, 0xFF, 0, 10])
            try client.sendForEver(Self.big)
        }
    }

    @Test("ClickHouse: a body and headers without an end")
    func clickHouse() throws {
        try expectSmall("clickhouse", "a body") { client in
            _ = try client.read(1)
            try client.send(Array("HTTP/1.1 200 OK\r\n\r\n".utf8))
            try client.sendForEver(Self.big)
        }
        try expectSmall("clickhouse", "headers") { client in
            _ = try client.read(1)
            try client.send(Array("HTTP/1.1 200 OK\r\n".utf8))
            try client.sendForEver(
                Array("X-Header: \(String(repeating: "v", count: 1000))\r\n".utf8))
        }
    }
}
