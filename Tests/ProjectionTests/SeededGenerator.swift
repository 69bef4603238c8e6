import Foundation
import ProjectionModel

extension SeededGenerator {
    /// The seed of SEGLEDGER_SEED, or seeds that never change.
    static var seeds: [UInt64] {
        if let text = ProcessInfo.processInfo.environment["SEGLEDGER_SEED"],
            let seed = UInt64(text)
        {
            return [seed]
        }
        return [1, 2, 3, 4]
    }
}
