internal import StorageIO

/// Where random numbers come from.
struct RandomSource: Sendable {
    let number: @Sendable () -> UInt64

    /// The system's generator, folded with the clock, so that a generator that always answers the
    /// same (it has happened to RDSEED) does not give two files one salt.
    static let system = RandomSource {
        var generator = SystemRandomNumberGenerator()
        let clock = monotonicNanoseconds() &* 0x9E37_79B9_7F4A_7C15
        return generator.next() ^ clock ^ (clock >> 29)
    }

    /// A chunk id: never 0.
    func chunkID() -> UInt64 { max(1, number()) }

    func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            withUnsafeBytes(of: number()) { bytes.append(contentsOf: $0) }
        }
        return Array(bytes.prefix(count))
    }
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// 16 lower-case hex digits.
func hex(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
