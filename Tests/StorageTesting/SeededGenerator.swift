/// Numbers from a seed, the same each time: SplitMix64 (Steele, Lea, Flood: "Fast Splittable
/// Pseudorandom Number Generators").
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    /// What to print when a test fails: the first seed.
    package let seed: UInt64
    private var state: UInt64

    /// The seed of this run of the tests (`TestRegime.seed`).
    package init() {
        self.init(seeds: TestRegime.seed)
    }

    /// Generators whose seeds differ anywhere give unrelated numbers.
    package init(seeds: UInt64...) {
        seed = seeds[0]
        state = 0
        for seed in seeds { state = next() ^ seed }
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number below `count`, which is not 0.
    package mutating func below(_ count: Int) -> Int {
        Int(next() % UInt64(count))
    }

    /// True in `numerator` of `denominator` cases.
    package mutating func chance(_ numerator: Int, in denominator: Int) -> Bool {
        below(denominator) < numerator
    }
}
