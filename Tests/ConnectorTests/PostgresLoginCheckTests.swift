import ServerTesting
import Testing

@testable import ConnectorPostgres

@Suite("Looking at a login of PostgreSQL's")
struct PostgresLoginCheckTests {
    private typealias Refusal = PostgresLoginCheck.Refusal

    private static let scram: [[UInt8]] = [
        RoguePostgres.question(10, RoguePostgres.text("SCRAM-SHA-256") + [0]),
        RoguePostgres.question(11, Array("r=nonce,s=c2FsdA==,i=4096".utf8)),
        RoguePostgres.question(12, Array("v=proof".utf8)), RoguePostgres.question(0),
    ]

    /// What passes of a conversation, and why it ends; the bytes come in parts of a length.
    private func result(
        _ bytes: [UInt8], partByteCount: Int, asksForTLS: Bool = false, allows: Bool = false
    ) -> (passed: [UInt8], refusal: Refusal?) {
        var check = PostgresLoginCheck(asksForTLS: asksForTLS, allowsCleartext: allows)
        var passed: [UInt8] = []
        do throws(Refusal) {
            for start in stride(from: 0, to: bytes.count, by: partByteCount) {
                passed += try check.take(
                    Array(bytes[start..<min(bytes.count, start + partByteCount)]))
            }
            return (passed, nil)
        } catch {
            return (passed, error)
        }
    }

    @Test("A login passes whole, however its bytes are cut, with what follows it")
    func passes() {
        let tail = RoguePostgres.ready
        for login in [RoguePostgres.question(0), Self.scram.flatMap { $0 }] {
            for length in 1...(login + tail).count {
                let (passed, refusal) = result(login + tail, partByteCount: length)
                #expect(refusal == nil)
                #expect(passed == login + tail)
            }
        }
    }

    @Test("A refused question never passes, however its bytes are cut")
    func refuses() {
        let before = Self.scram[0]
        let cases: [(bytes: [UInt8], refusal: Refusal)] = [
            (RoguePostgres.question(3), .cleartext),
            (RoguePostgres.question(5, [1, 2, 3, 4]), .md5),
            (RoguePostgres.question(7), .foreign), (RoguePostgres.question(9), .foreign),
            (RoguePostgres.question(2), .foreign), (RoguePostgres.question(99), .foreign),
            (RoguePostgres.question(12), .broken), ([0x52, 0, 0, 0, 3, 0, 0, 0, 3], .broken),
            (RoguePostgres.message("D", [0, 0, 0, 3, 0]), .broken),
            (before + RoguePostgres.question(0), .unproven),
            (before + RoguePostgres.question(3), .cleartext),
            (before + RoguePostgres.question(11, Array("r=a,s=b,i=4095".utf8)), .rounds),
            (before + RoguePostgres.question(11, Array("r=a,s=b,i=4096,i=9999999".utf8)), .rounds),
            (before + RoguePostgres.question(11, Array("r=a,s=b".utf8)), .broken),
        ]
        for (bytes, expected) in cases {
            for length in 1...bytes.count {
                let (passed, refusal) = result(bytes, partByteCount: length)
                #expect(refusal == expected)
                #expect(passed.isEmpty || passed == before)
            }
        }
    }

    @Test("An operator who allows it has every kind of password asked for")
    func allows() {
        for question in [RoguePostgres.question(3), RoguePostgres.question(5, [1, 2, 3, 4])] {
            let (passed, refusal) = result(question, partByteCount: 4, allows: true)
            #expect(refusal == nil)
            #expect(passed == question)
        }
    }

    @Test("Of TLS the answer is read, and no byte behind it in the clear")
    func answersOfTLS() {
        #expect(result([0x53], partByteCount: 1, asksForTLS: true).passed == [0x53])
        #expect(result([0x53, 0x52], partByteCount: 2, asksForTLS: true).refusal == .broken)
        #expect(result([0x00], partByteCount: 1, asksForTLS: true).refusal == .broken)
        // Without TLS the login is looked at as ever.
        let asked = result([0x4E] + RoguePostgres.question(3), partByteCount: 3, asksForTLS: true)
        #expect(asked.refusal == .cleartext)
        let error = result(RoguePostgres.error, partByteCount: 2, asksForTLS: true)
        #expect(error.passed == RoguePostgres.error)
    }

    @Test("Whatever bytes come, nothing of a question for the password passes")
    func anyBytes() {
        var generator = SeededGenerator()
        print("seed \(SeededGenerator.seed)")
        for _ in 0..<2000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let message = [
                    RoguePostgres.question(3), Self.scram[0], Self.scram[1], RoguePostgres.error,
                    RoguePostgres.question(5, [1, 2, 3, 4]),
                ].randomElement(using: &generator)!
                bytes += message
            }
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] =
                    .random(in: 0...255, using: &generator)
            }
            let length = Int.random(in: 1...bytes.count, using: &generator)
            let (passed, _) = result(bytes, partByteCount: length)
            #expect(Self.questions(in: passed).isDisjoint(with: [3, 5]))
        }
    }

    /// The codes of the questions of whole messages, until a login was accepted.
    private static func questions(in bytes: [UInt8]) -> Set<Int> {
        var rest = bytes[...]
        var codes: Set<Int> = []
        while rest.count >= 9, !codes.contains(0) {
            let head = Array(rest.prefix(9))
            let length = head[1..<5].reduce(0) { $0 << 8 | Int($1) }
            if head[0] == UInt8(ascii: "R") {
                codes.insert(head[5..<9].reduce(0) { $0 << 8 | Int($1) })
            }
            rest = rest.dropFirst(1 + length)
        }
        return codes
    }
}
