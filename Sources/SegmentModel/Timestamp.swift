/// A moment in microseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Parsed from and printed as RFC 3339. Years 0001 to 9999. Finer fractions are cut, not rounded.
package struct Timestamp: RawRepresentable, Hashable, Comparable, Sendable {
    /// Microseconds since the Unix epoch.
    package let rawValue: Int64

    @inlinable
    package init(rawValue: Int64) { self.rawValue = rawValue }

    @inlinable
    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.rawValue < right.rawValue
    }

    package func advanced(byMicroseconds count: Int64) -> Timestamp {
        Timestamp(rawValue: rawValue + count)
    }

    /// Whole minutes since the epoch, rounded down: the bucket of the statistics.
    package var minute: Int64 {
        rawValue >= 0 ? rawValue / 60_000_000 : (rawValue - 59_999_999) / 60_000_000
    }
}

extension Timestamp {
    /// Parses an RFC 3339 date-time, for example `2026-03-12T10:00:00.000Z`; nil if it is not one.
    ///
    /// A space or lower-case letters stand for `T` and `Z` (RFC 3339, 5.6); a 60th second is the
    /// first of the next minute.
    package init?(rfc3339 text: String) {
        var text = text
        let parsed = text.withUTF8 { Timestamp(rfc3339: UnsafeRawBufferPointer($0)) }
        guard let parsed else { return nil }
        self = parsed
    }

    package init?(rfc3339 bytes: UnsafeRawBufferPointer) {
        var reader = DigitReader(bytes: bytes)
        guard let year = reader.number(digits: 4), year >= 1, reader.take("-"),
            let month = reader.number(digits: 2), reader.take("-"),
            let day = reader.number(digits: 2),
            reader.take("T") || reader.take("t") || reader.take(" "),
            let hour = reader.number(digits: 2), hour <= 23, reader.take(":"),
            let minute = reader.number(digits: 2), minute <= 59, reader.take(":"),
            let second = reader.number(digits: 2), second <= 60,
            let days = CivilDate.daysSinceEpoch(year: year, month: month, day: day)
        else { return nil }
        var micros: Int64 = 0
        if reader.take(".") {
            guard let fraction = reader.fractionMicroseconds() else { return nil }
            micros = fraction
        }
        guard let offsetMinutes = reader.zone(), reader.isAtEnd else { return nil }
        let seconds = Int64(days) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
        self.init(rawValue: (seconds - Int64(offsetMinutes) * 60) * 1_000_000 + micros)
    }

    /// The last microsecond of a day given as `YYYY-MM-DD`, in UTC; nil if it is not a date.
    package init?(endOfDay text: String) {
        var text = text
        let days: Int? = text.withUTF8 {
            var reader = DigitReader(bytes: UnsafeRawBufferPointer($0))
            guard let year = reader.number(digits: 4), year >= 1, reader.take("-"),
                let month = reader.number(digits: 2), reader.take("-"),
                let day = reader.number(digits: 2), reader.isAtEnd
            else { return nil }
            return CivilDate.daysSinceEpoch(year: year, month: month, day: day)
        }
        guard let days else { return nil }
        self.init(rawValue: Int64(days + 1) * 86_400_000_000 - 1)
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds, or microseconds where there are any.
    package var description: String {
        let dayLength: Int64 = 86_400_000_000
        var day = rawValue / dayLength
        var rest = rawValue % dayLength
        if rest < 0 {
            rest += dayLength
            day -= 1
        }
        let date = CivilDate(daysSinceEpoch: Int(day))
        let micros = Int(rest % 1_000_000)
        let seconds = Int(rest / 1_000_000)
        let fraction =
            micros % 1000 == 0 ? padded(micros / 1000, 3) : padded(micros, 6)
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
            + "T\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2))"
            + ":\(padded(seconds % 60, 2)).\(fraction)Z"
    }
}

private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// Days and civil dates of the proleptic Gregorian calendar, by the algorithms of
/// Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
package struct CivilDate: Hashable, Sendable {
    package let year: Int
    package let month: Int
    package let day: Int

    package init(daysSinceEpoch: Int) {
        let shifted = daysSinceEpoch + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01; nil where the calendar has no such day.
    package static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int? {
        guard (1...12).contains(month), day >= 1, day <= length(ofMonth: month, year: year) else {
            return nil
        }
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

private struct DigitReader {
    let bytes: UnsafeRawBufferPointer
    var index = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { index == bytes.count }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: scalar) else { return false }
        index += 1
        return true
    }

    mutating func digit() -> Int? {
        guard index < bytes.count, (0x30...0x39).contains(bytes[index]) else { return nil }
        defer { index += 1 }
        return Int(bytes[index]) - 0x30
    }

    mutating func number(digits: Int) -> Int? {
        var value = 0
        for _ in 0..<digits {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    mutating func fractionMicroseconds() -> Int64? {
        guard var value = digit().map(Int64.init) else { return nil }
        var count = 1
        while let next = digit() {
            if count < 6 {
                value = value * 10 + Int64(next)
            }
            count += 1
        }
        while count < 6 {
            value *= 10
            count += 1
        }
        return value
    }

    /// Minutes east of UTC.
    mutating func zone() -> Int? {
        if take("Z") || take("z") { return 0 }
        let sign: Int
        if take("+") {
            sign = 1
        } else if take("-") {
            sign = -1
        } else {
            return nil
        }
        guard let hours = number(digits: 2), hours <= 23, take(":"),
            let minutes = number(digits: 2), minutes <= 59
        else { return nil }
        return sign * (hours * 60 + minutes)
    }
}
