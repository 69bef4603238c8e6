/// The first packet of a server, as far as it decides how the client may go on:
/// https://mariadb.com/kb/en/connection/#initial-handshake-packet
///
/// ```
/// 3 bytes  length     1 byte  sequence
/// 1 byte   protocol version, 10 (255: an error instead)
/// n bytes  server version, ending with a zero byte
/// 4 bytes  connection id     8 bytes  scramble     1 byte  filler
/// 2 bytes  capabilities, the lower half
/// ```
enum MySQLGreeting: Hashable {
    /// More of it is needed.
    case incomplete
    /// The library reads it, and sends nothing.
    case refusal
    case server(offersTLS: Bool)
    /// No greeting of MySQL's.
    case foreign

    /// No server's greeting is longer.
    static let byteCountMax = 1024
    private static let headerByteCount = 4
    private static let protocolVersion: UInt8 = 10
    /// CLIENT_SSL
    private static let tlsFlag: UInt8 = 0x08

    init(_ bytes: ArraySlice<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count > Self.headerByteCount else {
            self = .incomplete
            return
        }
        let length = Int(bytes[0]) | Int(bytes[1]) << 8 | Int(bytes[2]) << 16
        let version = bytes[Self.headerByteCount]
        if version == 0xFF || version < Self.protocolVersion {
            self = .refusal
            return
        }
        let payload = bytes.dropFirst(Self.headerByteCount).prefix(length)
        let end = payload.dropFirst().firstIndex(of: 0)
        // Behind the version's zero byte: 13 bytes, then the two of the capabilities.
        guard let end, end + 15 < payload.endIndex else {
            let isWhole = payload.count == length || bytes.count >= Self.byteCountMax
            self = isWhole ? .foreign : .incomplete
            return
        }
        self = .server(offersTLS: payload[end + 15] & Self.tlsFlag != 0)
    }
}
