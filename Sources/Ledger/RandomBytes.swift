internal import StorageIO

/// Random bytes for identities and salts: the system's generator, folded with the clock, so that a
/// generator that always answers the same (it has happened to RDSEED) does not give two files one
/// salt.
func randomNumber() -> UInt64 {
    var generator = SystemRandomNumberGenerator()
    let clock = monotonicNanoseconds() &* 0x9E37_79B9_7F4A_7C15
    let number = generator.next() ^ clock ^ (clock >> 29)
    return number == 0 ? 1 : number
}

func randomBytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
        withUnsafeBytes(of: randomNumber()) { bytes.append(contentsOf: $0) }
    }
    return Array(bytes.prefix(count))
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// 16 lower-case hex digits.
func hex(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
