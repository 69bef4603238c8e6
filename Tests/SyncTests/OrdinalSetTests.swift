import ServerTesting
import Testing

@testable import Sync

@Suite("Profiles that a batch has met")
struct OrdinalSetTests {
    @Test("An ordinal is new once, whether they ascend, repeat or jump")
    func newOnce() {
        var generator = SeededGenerator()
        for _ in 0..<200 {
            var set = OrdinalSet(capacity: 8)
            var model: Set<UInt32> = []
            let range = UInt32.random(in: 1...2000, using: &generator)
            let ascending = UInt32.random(in: 0...300, using: &generator)
            for ordinal in 0..<ascending {
                #expect(set.insert(ordinal * 3) == model.insert(ordinal * 3).inserted)
            }
            for _ in 0..<500 {
                let ordinal = UInt32.random(in: 0...range, using: &generator) &* 2_654_435_769
                let isNew = model.insert(ordinal).inserted
                #expect(set.insert(ordinal) == isNew, "seed \(SeededGenerator.seed)")
            }
        }
    }
}
