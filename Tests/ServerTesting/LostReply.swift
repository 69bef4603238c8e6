/// The server's reply to a COMMIT, or to a request over HTTP, which the client does not get to see.
enum LostReply {
    case http
    case postgres
    /// The bytes of it that have come so far.
    case mysql([UInt8])

    /// nil: what the client sends is no COMMIT. It may stand at the end of several statements.
    init?(toCommit bytes: ArraySlice<UInt8>) {
        let bytes = Array(bytes)
        let commit = Array("COMMIT".utf8)
        if bytes.first == UInt8(ascii: "Q"), bytes.suffix(7) == (commit + [0])[...] {
            self = .postgres
        } else if bytes.count > 5, bytes[3...4].elementsEqual([0, 3]),
            bytes.suffix(6) == commit[...],
            Self.payloadByteCount(bytes, at: 0) == bytes.count - 4
        {
            // Packet 0 of a command, COM_QUERY.
            self = .mysql([])
        } else if bytes.suffix(11).elementsEqual([7, 0, 0, 0, 3] + commit) {
            // Behind another command, which has no reply.
            self = .mysql([])
        } else {
            return nil
        }
    }

    /// Whether it has happened, now that these bytes of the server's are there.
    mutating func isComplete(with bytes: ArraySlice<UInt8>) -> Bool {
        guard case .mysql(let before) = self else { return true }
        let all = before + bytes
        self = .mysql(all)
        var start = 0
        while start + 4 < all.count {
            let count = Self.payloadByteCount(all, at: start)
            guard start + 4 + count <= all.count else { return false }
            if Self.isLast(all[(start + 4)..<(start + 4 + count)]) { return true }
            start += 4 + count
        }
        return false
    }

    private static func payloadByteCount(_ bytes: [UInt8], at start: Int) -> Int {
        Int(bytes[start]) | Int(bytes[start + 1]) << 8 | Int(bytes[start + 2]) << 16
    }

    /// Of an OK packet with small numbers, whether no SERVER_MORE_RESULTS_EXISTS stands in it; any
    /// other packet is an error and the end.
    private static func isLast(_ payload: ArraySlice<UInt8>) -> Bool {
        guard payload.first == 0, payload.count >= 5 else { return true }
        return payload[payload.startIndex + 3] & 8 == 0
    }
}
