import ServerTesting
import Testing

@testable import ConnectorMySQL

@Suite("Looking at a greeting of MySQL's")
struct MySQLGreetingTests {
    @Test("Whether TLS is offered is known from the bytes that say so, and not before")
    func flag() {
        for offersTLS in [false, true] {
            let greeting = RogueMySQL.greeting(offersTLS: offersTLS)
            let whole = MySQLGreeting.server(offersTLS: offersTLS)
            #expect(MySQLGreeting(greeting[...]) == whole)
            var seen: [MySQLGreeting] = []
            for count in 0...greeting.count { seen.append(MySQLGreeting(greeting.prefix(count))) }
            let first = seen.firstIndex(of: whole) ?? 0
            // Header, version, 15 bytes: as docs of the protocol have it.
            #expect(first == 4 + 1 + "5.5.5-10.11.6-MariaDB".utf8.count + 1 + 15)
            #expect(seen[..<first].allSatisfy { $0 == .incomplete })
            #expect(seen[first...].allSatisfy { $0 == whole })
        }
    }

    @Test("An error is the library's to read; what is no greeting is refused")
    func others() {
        #expect(MySQLGreeting(RogueMySQL.refusal(0)[...]) == .refusal)
        #expect(MySQLGreeting(RogueMySQL.packet(0, [9, 0])[...]) == .refusal)
        #expect(MySQLGreeting([]) == .incomplete)
        // A version without an end, a packet that ends too early.
        let long = RogueMySQL.packet(0, [10] + [UInt8](repeating: 0x35, count: 2000))
        #expect(MySQLGreeting(long.prefix(MySQLGreeting.byteCountMax)) == .foreign)
        #expect(MySQLGreeting(RogueMySQL.packet(0, [10, 0x35, 0, 1])[...]) == .foreign)
    }

    @Test("Whatever bytes come, TLS counts as offered only where the library sees the flag too")
    func anyBytes() {
        var generator = SeededGenerator()
        print("seed \(SeededGenerator.seed)")
        for _ in 0..<5000 {
            var bytes = RogueMySQL.greeting(offersTLS: Bool.random(using: &generator))
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] =
                    .random(in: 0...255, using: &generator)
            }
            guard case .server(let offersTLS) = MySQLGreeting(bytes[...]) else { continue }
            // As `mysql_real_connect` reads it: the first zero byte, then 13 bytes.
            let end = bytes[5...].firstIndex(of: 0) ?? bytes.endIndex
            #expect(offersTLS == (bytes[end + 15] & 0x08 != 0))
        }
    }
}
