import Foundation

/// SplitMix64 (Steele, Lea, Flood 2014): the same seed gives the same numbers.
struct SeededGenerator: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    /// The seed of SEGLEDGER_SEED, or a new one.
    init() {
        let given = ProcessInfo.processInfo.environment["SEGLEDGER_SEED"].flatMap { UInt64($0) }
        var system = SystemRandomNumberGenerator()
        seed = given ?? system.next()
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &self) }
}
