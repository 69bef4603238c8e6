internal import Foundation

/// Numbers from a seed, the same each time: SEGLEDGER_SEED, or a new one each run.
package struct SeededGenerator: RandomNumberGenerator {
    package static let seed: UInt64 = {
        let given = ProcessInfo.processInfo.environment["SEGLEDGER_SEED"].flatMap { UInt64($0) }
        var system = SystemRandomNumberGenerator()
        return given ?? system.next()
    }()

    private var state: UInt64

    package init(seed: UInt64 = SeededGenerator.seed) { state = seed }

    /// SplitMix64: https://prng.di.unimi.it/splitmix64.c
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
