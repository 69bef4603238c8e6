import Connector
import SegmentModel
import Testing

/// The row of `segledger_cursor` as text, whichever database it comes from.
@Suite("A lane's row as its columns")
struct CursorRowTests {
    private static let lane = CursorConformanceTests.lane
    private static let cursors = [
        CursorConformanceTests.initial,
        CursorConformanceTests.moved(CursorConformanceTests.initial, to: 0),
        CursorConformanceTests.moved(CursorConformanceTests.initial, to: UInt64(Int64.max)),
    ]

    /// What a database returns of a lane that was claimed and stands at `cursor`.
    private static func row(_ cursor: TargetCursor) -> [String?] {
        Array(CursorSQL.advanceParameters(lane, from: cursor, to: cursor).prefix(7))
    }

    @Test("A row that was written is read as it was")
    func readsWhatIsWritten() throws {
        for cursor in Self.cursors {
            #expect(try CursorSQL.cursor(fromRow: Self.row(cursor)) == cursor)
        }
    }

    @Test("INV-6: a lane's new row begins one epoch after the initial one")
    func firstEpoch() throws {
        let parameters = CursorSQL.claimParameters(Self.lane, initial: Self.cursors[0])
        let claimed = try CursorSQL.cursor(fromRow: Array(parameters.dropFirst(2)))
        var expected = Self.cursors[0]
        expected.epoch += 1
        #expect(claimed == expected)
    }

    @Test("A row that no version of Segledger writes is permanent, with the way out")
    func strangeRows() throws {
        let good = Self.row(Self.cursors[1])
        for column in good.indices {
            var strange = good
            strange[column] = nil
            try expectRefused(strange)
            guard column > 0 else { continue }
            for text in ["", "secret", "1.5", "9223372036854775808"] {
                strange[column] = text
                try expectRefused(strange)
            }
        }
        var strange = good
        for position in ["-2", "-9223372036854775808"] {
            strange[2] = position
            try expectRefused(strange)
        }
        try expectRefused(Array(good.dropLast()))
        try expectRefused(good + ["0"])
    }

    private func expectRefused(_ row: [String?]) throws {
        do throws(TargetFailure) {
            _ = try CursorSQL.cursor(fromRow: row)
            Issue.record("\(row) was read")
        } catch {
            #expect(error.class == .permanent && error.hint != nil)
            #expect(!error.message.contains("secret"))
        }
    }
}
