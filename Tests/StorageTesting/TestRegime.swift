internal import Glibc

/// How much the random tests do, and with which seed: from the environment.
package enum TestRegime {
    /// SEGLEDGER_SEED, or a new one each run; every failure names it.
    package static let seed: UInt64 = {
        if let text = variable("SEGLEDGER_SEED"), let seed = UInt64(text) { return seed }
        var system = SystemRandomNumberGenerator()
        return system.next() % 1_000_000_000
    }()

    /// Whether SEGLEDGER_LONG is set: more seeds, more operations.
    package static let isLong: Bool = {
        let text = variable("SEGLEDGER_LONG") ?? ""
        return !text.isEmpty && text != "0"
    }()

    /// `count` seeds that follow from `seed`; the first is `seed` itself, so that a failure's seed
    /// given as SEGLEDGER_SEED comes first.
    package static func seeds(_ count: Int) -> [UInt64] {
        (0..<UInt64(count)).map { seed &+ $0 }
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
