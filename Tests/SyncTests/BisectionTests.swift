import Connector
import Testing

@testable import Sync

/// A batch with a refused row in it, as a lane delivers it.
@Suite("What is refused is found in a batch by halves")
struct BisectionTests {
    /// The tries until the row `bad` is refused alone: from where on, and how many rows.
    private func tries(of count: Int, bad: Int) -> [Range<Int>] {
        var cursor = 0
        var search: Bisection? = Bisection(refused: count, .values)
        var tries: [Range<Int>] = []
        while tries.count <= count {
            let end = min(cursor + (search?.size ?? count), 2 * count)
            tries.append(cursor..<end)
            if (cursor..<end).contains(bad) {
                if end == cursor + 1 { return tries }
                search = Bisection(refused: end - cursor, .values)
            } else {
                search = search?.afterSuccess(of: end - cursor)
                cursor = end
            }
        }
        return tries
    }

    @Test("Wherever the row is, it is alone after two tries for each halving")
    func halves() {
        for count in 2...64 {
            for bad in 0..<count {
                let tries = tries(of: count, bad: bad)
                let halvings = Int.bitWidth - (count - 1).leadingZeroBitCount
                #expect(tries.last == bad..<bad + 1, "\(bad) of \(count)")
                #expect(tries.count <= 2 * halvings, "\(bad) of \(count): \(tries)")
                // Nothing behind the rows that were refused is tried with them.
                #expect(tries.allSatisfy { $0.upperBound <= count }, "\(bad) of \(count): \(tries)")
            }
        }
    }

    @Test("Where two rows share a key, the rest goes out whole after the first part passed")
    func repeatedKey() {
        let search = Bisection(refused: 8, .repeatedKey)
        #expect(search.size == 4)
        #expect(search.afterSuccess(of: 4)?.size == 4)
        #expect(search.afterSuccess(of: 4)?.afterSuccess(of: 4) == nil)
    }
}
