/// Packets of MySQL's protocol, as a server that means harm sends them:
/// https://mariadb.com/kb/en/0-packet/
package enum RogueMySQL {
    /// So long as a scramble has to be.
    package static let scramble = Array("abcdefghijklmnopqrst".utf8)
    private static let everything: UInt32 = 0xFFFF_FFFF
    private static let compression: UInt32 = 0x20, tls: UInt32 = 0x800

    package static func packet(_ sequence: Int, _ body: [UInt8]) -> [UInt8] {
        header(body.count, sequence) + body
    }

    package static func header(_ byteCount: Int, _ sequence: Int) -> [UInt8] {
        (0..<3).map { UInt8(truncatingIfNeeded: byteCount >> (8 * $0)) }
            + [UInt8(truncatingIfNeeded: sequence)]
    }

    package static func greeting(
        offersTLS: Bool, plugin: String = "mysql_native_password"
    ) -> [UInt8] {
        let capabilities = everything & ~compression & ~(offersTLS ? 0 : tls)
        func half(_ shift: UInt32) -> [UInt8] {
            [UInt8(capabilities >> shift & 0xFF), UInt8(capabilities >> (shift + 8) & 0xFF)]
        }
        let version = Array("5.5.5-10.11.6-MariaDB".utf8) + [0]
        let start: [UInt8] = [10] + version + [7, 0, 0, 0] + Array(scramble[..<8]) + [0]
        let middle: [UInt8] = half(0) + [45, 2, 0] + half(16) + [21]
        let reserved = [UInt8](repeating: 0, count: 10)
        let end: [UInt8] = Array(scramble[8...]) + [0] + Array(plugin.utf8) + [0]
        return packet(0, start + middle + reserved + end)
    }

    /// Asks for another way to log in.
    package static func change(_ sequence: Int, to plugin: String) -> [UInt8] {
        packet(sequence, [0xFE] + Array(plugin.utf8) + [0] + scramble + [0])
    }

    package static func okay(_ sequence: Int) -> [UInt8] {
        packet(sequence, [0, 0, 0, 2, 0, 0, 0])
    }

    /// Access denied.
    package static func refusal(_ sequence: Int) -> [UInt8] {
        packet(sequence, [0xFF, 0x15, 0x04] + Array("#28000no".utf8))
    }

    package static func text(_ bytes: [UInt8]) -> [UInt8] {
        bytes.count < 251
            ? [UInt8(bytes.count)] + bytes
            : [0xFC, UInt8(bytes.count & 0xFF), UInt8(bytes.count >> 8)] + bytes
    }

    /// One column of type text; `sequence` is the first of three packets.
    package static func column(_ sequence: Int) -> [UInt8] {
        let names = text(Array("def".utf8)) + [0, 0, 0] + text([97]) + text([97])
        let type: [UInt8] = [12, 45, 0, 255, 0, 0, 0, 253, 0, 0, 0, 0, 0]
        return packet(sequence, [1]) + packet(sequence + 1, names + type)
            + packet(sequence + 2, [0xFE, 0, 0, 2, 0])
    }

    /// One packet of the client's.
    @discardableResult
    package static func read(
        _ client: RogueConversation
    ) throws -> (sequence: Int, body: [UInt8]) {
        let header = try client.read(4)
        let count = Int(header[0]) | Int(header[1]) << 8 | Int(header[2]) << 16
        return (Int(header[3]), try client.read(count))
    }
}
