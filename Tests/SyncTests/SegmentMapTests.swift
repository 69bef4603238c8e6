import Connector
import Projection
import SegmentModel
import ServerTesting
import Testing

@testable import Sync

@Suite("What is known of many segments")
struct SegmentMapTests {
    @Test("Each segment that is there is found, and no other")
    func found() {
        var generator = SeededGenerator()
        for count in [0, 1, 2, 7, 100] {
            let numbers = Set((0..<count).map { _ in Int64(generator.next() % 300) - 150 })
            let rows = numbers.sorted().map { number in
                SegmentCursor(
                    SegmentID(number),
                    TargetCursor(
                        ledger: "l", epoch: number, cursor: LaneCursor(position: nil), resync: -1,
                        queryCount: 0))
            }
            let map = CursorMap(rows)
            #expect(map.isEmpty == numbers.isEmpty)
            #expect(map.segments == rows.map(\.segment))
            for number in Int64(-151)...151 {
                let expected = numbers.contains(number) ? number : nil
                #expect(map[SegmentID(number)]?.epoch == expected)
            }
        }
    }
}
