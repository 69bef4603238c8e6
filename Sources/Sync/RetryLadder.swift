/// How long to wait before the next try: a tenth of a second, because one lost connection says
/// little; then half a second, doubling to a minute at most. Each step is moved by up to a fifth so
/// that lanes do not come back all at once. Pure: the jitter comes from the lane's name and the
/// attempt.
struct RetryLadder: Sendable {
    private static let firstMilliseconds = 100
    private static let secondMilliseconds = 500
    private static let lastMilliseconds = 50_000

    /// - Parameter attempt: the try that failed, from 1.
    static func delayMilliseconds(attempt: Int, lane: String) -> Int {
        let doublings = min(max(0, attempt - 2), 16)
        let step = attempt > 1 ? secondMilliseconds << doublings : firstMilliseconds
        let base = min(step, lastMilliseconds)
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in lane.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ UInt64(attempt)) &* 0x100_0000_01B3
        let percent = Int(hash >> 32 % 41) % 41 - 20
        return base + base * percent / 100
    }
}
