import ServerTesting
import Testing

/// The two ClickHouses that tests run on answer the same things in the same way.
@Suite("ClickHouse for tests")
struct ClickHouseTests {
    static let all: [@Sendable () throws -> any ClickHouse] = [
        { try ClickHouseServer.shared.get() }, { try ClickHouseEngine.shared.get() },
    ]

    @Test("Bytes go to the engine and come back as they are", arguments: all.indices)
    func bytes(_ index: Int) throws {
        let clickHouse = try Self.all[index]()
        let value: [UInt8] = [0xFF, 0x01, 0x80, 0xC3]
        let (status, body) = try clickHouse.run(Array("SELECT '".utf8) + value + Array("'".utf8))
        #expect(status == 200)
        #expect(body == value + [0x0A])
    }

    @Test("An error is a status and a text with its number", arguments: all.indices)
    func errors(_ index: Int) throws {
        let (status, body) = try Self.all[index]().run(Array("SELECT nothing".utf8))
        #expect(status != 200)
        #expect(body.starts(with: Array("Code: 47".utf8)))
    }

    @Test("What one statement stores the next ones find", arguments: all.indices)
    func tables(_ index: Int) throws {
        let clickHouse = try Self.all[index]()
        _ = try clickHouse.rows(
            "CREATE TABLE kept (n UInt32, s String) ENGINE = MergeTree ORDER BY n")
        for number in 0..<200 {
            _ = try clickHouse.rows("INSERT INTO kept VALUES (\(number), 'x')")
        }
        #expect(try clickHouse.rows("SELECT count(), max(n) FROM kept") == "200\t199\n")
        let long = String(repeating: "y", count: 100_000)
        #expect(try clickHouse.rows("SELECT length('\(long)'), '\(long)'").utf8.count > 100_000)
        _ = try clickHouse.rows("DROP TABLE kept")
    }
}
