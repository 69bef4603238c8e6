import SegmentModel
import Testing

@Suite struct TimestampTests {
    @Test(
        "RFC 3339 in its forms is read to the microsecond",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.000001Z", 1),
            ("1969-12-31T23:59:59.999999Z", -1), ("2000-02-29T12:00:00Z", 951_825_600_000_000),
            ("2026-03-12T10:00:00.123456789Z", 1_773_309_600_123_456),
            ("2026-03-12T12:30:00.5+02:30", 1_773_309_600_500_000),
            ("2026-03-12T00:00:00-10:00", 1_773_309_600_000_000),
            ("2026-03-12t10:00:00z", 1_773_309_600_000_000),
            ("2026-03-12 10:00:00Z", 1_773_309_600_000_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
        ])
    func reads(_ text: String, _ microseconds: Int64) {
        #expect(Timestamp(rfc3339: text) == Timestamp(rawValue: microseconds))
    }

    @Test(
        "What is no RFC 3339 is refused",
        arguments: [
            "", "2026", "2026-03-12", "2026-03-12T10:00:00", "2026-3-12T10:00:00Z",
            "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
            "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+0100",
            "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z", "0000-01-01T00:00:00Z",
            "-001-01-01T00:00:00Z", "2026-01-01T00:00:00é", "20260101T000000Z",
        ])
    func refuses(_ text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test("What is printed is read back as the same moment, from year 1 to 9999")
    func roundTrip() {
        let first: Int64 = -62_135_596_800_000_000
        let last: Int64 = 253_402_300_799_999_999
        var random = SeededGenerator()
        var values = [first, last, 0, -1, 1]
        values += (0..<5000).map { _ in Int64.random(in: first...last, using: &random) }
        values += (0..<500).map { _ in
            Int64.random(in: first / 1000...last / 1000, using: &random) * 1000
        }
        for value in values {
            let time = Timestamp(rawValue: value)
            #expect(
                Timestamp(rfc3339: time.description) == time, "seed \(SeededGenerator.seed)")
        }
        #expect(Timestamp(rawValue: first).description == "0001-01-01T00:00:00.000Z")
        #expect(Timestamp(rawValue: last).description == "9999-12-31T23:59:59.999999Z")
    }

    @Test("Every day of four centuries follows the one before")
    func calendar() {
        let start = CivilDate.daysSinceEpoch(year: 1800, month: 1, day: 1)!
        var before = CivilDate(daysSinceEpoch: start - 1)
        for day in start..<start + 146_097 {
            let date = CivilDate(daysSinceEpoch: day)
            #expect(
                CivilDate.daysSinceEpoch(year: date.year, month: date.month, day: date.day) == day)
            let isNext =
                date.day == before.day + 1
                || (date.day == 1 && date.month == before.month % 12 + 1)
            if !isNext { Issue.record("\(date) follows \(before)") }
            before = date
        }
        #expect(before == CivilDate(daysSinceEpoch: start + 146_096))
        #expect(before.year == 2199 && before.month == 12 && before.day == 31)
    }

    @Test("A day ends with its last microsecond, in UTC")
    func endOfDay() {
        #expect(
            Timestamp(endOfDay: "2026-03-12")?.description == "2026-03-12T23:59:59.999999Z")
        #expect(
            Timestamp(endOfDay: "2024-02-29")!.advanced(byMicroseconds: 1)
                == Timestamp(rfc3339: "2024-03-01T00:00:00Z"))
        for text in ["2026-02-30", "2026-03-12T", "12-03-2026", "", "2026-03-1"] {
            #expect(Timestamp(endOfDay: text) == nil)
        }
    }

    @Test("Minutes are rounded down, before 1970 too")
    func minutes() {
        for (microseconds, minute) in [
            (0, 0), (59_999_999, 0), (60_000_000, 1), (-1, -1), (-60_000_000, -1),
            (-60_000_001, -2),
        ] {
            #expect(Timestamp(rawValue: Int64(microseconds)).minute == Int64(minute))
        }
    }
}
