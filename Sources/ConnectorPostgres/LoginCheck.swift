internal import Connector
internal import SegmentModel

/// Looks at what a server says while a login crosses the wire in the clear, message by message:
/// https://www.postgresql.org/docs/current/protocol-flow.html
///
/// Invariants:
/// - until the login is accepted libpq is given only whole messages that were looked at before;
/// - a question is passed on only if the answer does not give the password away. Outside of TLS
///   that is SCRAM, with as many rounds as make guessing dear;
/// - once TLS begins, or the login is accepted, nothing is looked at any more;
/// - no more than one message is held, of at most `messageByteCountMax` bytes.
struct PostgresLoginCheck {
    /// Why a login is given up before it is answered.
    enum Refusal: Error, Hashable {
        /// The server asks for the password as it is.
        case cleartext
        /// The server asks for an MD5 sum: whoever has it can guess at leisure, or use it.
        case md5
        /// The server asks for something that libpq would take from its surroundings: a ticket.
        case foreign
        /// So few rounds that a guess costs nothing, or so many that the client is kept busy.
        case rounds
        /// The server accepts a login before it has shown that it knows the password, as SCRAM
        /// has it do.
        case unproven
        /// What arrives is no login of PostgreSQL's.
        case broken
    }

    private enum State {
        /// The answer to the request for TLS, one byte.
        case awaitingTLSAnswer
        case inClear
        case done
    }

    static let messageByteCountMax = 32_768
    /// RFC 7677 and every release begin at 4096; a million rounds take about a second.
    static let rounds = 4096...1_000_000

    /// Whether the password may be given away: there is none, or the operator said so.
    private let allowsCleartext: Bool
    private var state: State
    private var held: [UInt8] = []
    private var hasSASLBegun = false
    private var isServerProven = false

    /// - Parameter asksForTLS: the client's first message asks for TLS.
    init(asksForTLS: Bool, allowsCleartext: Bool) {
        self.allowsCleartext = allowsCleartext
        state = asksForTLS ? .awaitingTLSAnswer : .inClear
    }

    var isDone: Bool {
        if case .done = state { true } else { false }
    }

    /// Takes bytes of the server's and returns those that libpq may have now.
    mutating func take(_ bytes: [UInt8]) throws(Refusal) -> [UInt8] {
        held += bytes
        var passed: [UInt8] = []
        if case .awaitingTLSAnswer = state { try takeTLSAnswer(into: &passed) }
        while case .inClear = state, let message = try nextMessage() {
            try check(message)
            passed += message
        }
        if case .done = state {
            passed += held
            held = []
        }
        return passed
    }

    private mutating func takeTLSAnswer(into passed: inout [UInt8]) throws(Refusal) {
        guard let answer = held.first else { return }
        switch answer {
        case UInt8(ascii: "S"):
            // Whatever follows in the clear was put in by somebody else (CVE-2021-23222).
            guard held.count == 1 else { throw .broken }
            state = .done
        case UInt8(ascii: "N"):
            passed.append(held.removeFirst())
            state = .inClear
        // The first byte of an error message.
        case UInt8(ascii: "E"): state = .inClear
        default: throw .broken
        }
    }

    /// Takes the next message from what is held: its type, its length and its body.
    private mutating func nextMessage() throws(Refusal) -> [UInt8]? {
        guard held.count >= 5 else { return nil }
        let byteCount = 1 + Self.number(held[1..<5])
        guard (5...Self.messageByteCountMax).contains(byteCount) else { throw .broken }
        guard held.count >= byteCount else { return nil }
        defer { held.removeFirst(byteCount) }
        return Array(held[..<byteCount])
    }

    private mutating func check(_ message: [UInt8]) throws(Refusal) {
        switch message[0] {
        case UInt8(ascii: "R"):
            guard message.count >= 9 else { throw .broken }
            try checkQuestion(Self.number(message[5..<9]), message[9...])
        // An error, a notice, another version of the protocol.
        case UInt8(ascii: "E"), UInt8(ascii: "N"), UInt8(ascii: "v"): break
        default: throw .broken
        }
    }

    /// The codes of https://www.postgresql.org/docs/current/protocol-message-formats.html
    private mutating func checkQuestion(
        _ code: Int, _ body: ArraySlice<UInt8>
    ) throws(Refusal) {
        switch code {
        case 0:
            guard !hasSASLBegun || isServerProven || allowsCleartext else { throw .unproven }
            state = .done
        case 3: if !allowsCleartext { throw .cleartext }
        case 5: if !allowsCleartext { throw .md5 }
        case 10: hasSASLBegun = true
        case 11:
            guard hasSASLBegun else { throw .broken }
            guard let rounds = Self.rounds(of: body) else { throw .broken }
            guard Self.rounds.contains(rounds) else { throw .rounds }
        case 12:
            guard hasSASLBegun else { throw .broken }
            // libpq checks the proof, and gives up where it is wrong.
            isServerProven = true
        default: throw .foreign
        }
    }

    /// The number behind `i=` of `r=…,s=…,i=4096` (RFC 5802).
    private static func rounds(of body: ArraySlice<UInt8>) -> Int? {
        let attributes = body.split(separator: UInt8(ascii: ","))
        guard let found = attributes.last(where: { $0.starts(with: "i=".utf8) }) else { return nil }
        return Int(String(decoding: found.dropFirst(2), as: UTF8.self))
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.reduce(0) { $0 << 8 | Int($1) }
    }
}

extension PostgresLoginCheck: SocketGate.Inspection {
    mutating func take(_ bytes: UnsafeRawBufferPointer) throws(TargetFailure) -> [UInt8] {
        do throws(Refusal) {
            return try take(Array(bytes))
        } catch {
            throw PostgresFailures.refusal(error)
        }
    }
}
