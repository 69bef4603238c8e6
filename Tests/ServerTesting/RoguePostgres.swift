/// Messages of PostgreSQL's protocol, as a server that means harm sends them:
/// https://www.postgresql.org/docs/current/protocol-message-formats.html
package enum RoguePostgres {
    package static func message(_ type: Character, _ body: [UInt8]) -> [UInt8] {
        [type.asciiValue!] + number(body.count + 4) + body
    }

    package static func number(_ value: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }

    /// A question for the login: 0 is none.
    package static func question(_ code: Int, _ rest: [UInt8] = []) -> [UInt8] {
        message("R", number(code) + rest)
    }

    package static func text(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }

    package static var error: [UInt8] {
        message("E", text("SFATAL") + text("C28P01") + text("Mno") + [0])
    }

    /// What stands behind an accepted login.
    package static var ready: [UInt8] {
        let settings = [
            ("server_version", "15.0"), ("client_encoding", "UTF8"),
            ("standard_conforming_strings", "on"), ("server_encoding", "UTF8"),
        ]
        return settings.flatMap { message("S", text($0.0) + text($0.1)) }
            + message("K", number(1) + number(2)) + message("Z", [UInt8(ascii: "I")])
    }

    /// One column of type text.
    package static var column: [UInt8] {
        message(
            "T",
            [0, 1] + text("a") + number(0) + [0, 0] + number(25) + [255, 255] + number(-1)
                + [0, 0])
    }

    package static func row(_ byteCount: Int) -> [UInt8] {
        message("D", [0, 1] + number(byteCount) + [UInt8](repeating: 0x72, count: byteCount))
    }

    /// Reads up to the startup message, and answers what asks for encryption with one byte.
    package static func greet(
        _ client: RogueConversation, tlsAnswer: Character = "N"
    ) throws {
        while true {
            let length = try client.read(4).reduce(0) { $0 << 8 | Int($1) }
            let body = try client.read(length - 4)
            let code = body.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            guard code == 80_877_103 || code == 80_877_104 else { return }
            try client.send([tlsAnswer.asciiValue!])
        }
    }

    /// One message of the client's.
    @discardableResult
    package static func read(_ client: RogueConversation) throws -> (type: UInt8, body: [UInt8]) {
        let type = try client.read(1)[0]
        let length = try client.read(4).reduce(0) { $0 << 8 | Int($1) }
        return (type, try client.read(length - 4))
    }
}
