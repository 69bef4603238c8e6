internal import SegmentModel

/// How `date` writes a moment as text: `yyyy-MM-dd HH:mm:ss` or `%Y-%m-%d %H:%M:%S`.
///
/// Letters stand for parts as in Unicode's date field symbols (UTS 35), or, if the format holds a
/// `%`, behind `%` as in POSIX strftime. Everything is numbers, so no language is needed.
struct TimeFormat: Sendable {
    enum Part: Sendable {
        case literal(String)
        case year, shortYear, month, day, hour, halfDayHour, minute, second
        case millisecond, microsecond, dayOfYear, weekday, unixSeconds, zone, basicZone
        case halfDay
        /// Without leading zeros.
        case plain(Plain)

        enum Plain: Sendable {
            case month, day, hour, minute, second
        }
    }

    struct Problem: Error {
        let message: String
        let hint: String
    }

    private let parts: [Part]
    private let offsetMinutes: Int

    /// `zone` is `Z` or an offset as `+03:00`.
    init(_ format: String, zone: String?) throws(Problem) {
        parts = try format.contains("%") ? Self.percent(format) : Self.letters(format)
        offsetMinutes = try zone.map { text throws(Problem) in try Self.offset(text) } ?? 0
    }

    private static func offset(_ text: String) throws(Problem) -> Int {
        let probe = Timestamp(rfc3339: "2000-01-01T00:00:00" + text)
        guard let probe, let zero = Timestamp(rfc3339: "2000-01-01T00:00:00Z") else {
            throw Problem(
                message: "a time zone is written as an offset from UTC",
                hint: "for example \"+03:00\" or \"Z\"")
        }
        return Int((zero.rawValue - probe.rawValue) / 60_000_000)
    }

    private static let letterParts: [String: Part] = [
        "yyyy": .year, "yy": .shortYear, "MM": .month, "M": .plain(.month), "dd": .day,
        "d": .plain(.day), "HH": .hour, "H": .plain(.hour), "hh": .halfDayHour, "mm": .minute,
        "m": .plain(.minute), "ss": .second, "s": .plain(.second), "SSS": .millisecond,
        "SSSSSS": .microsecond, "DDD": .dayOfYear, "e": .weekday, "XXX": .zone, "xx": .basicZone,
        "a": .halfDay,
    ]

    private static func letters(_ format: String) throws(Problem) -> [Part] {
        let bytes = Array(format.utf8)
        var parts: [Part] = []
        var index = 0
        func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        while index < bytes.count {
            let start = index
            let first = bytes[start]
            index += 1
            if first == UInt8(ascii: "'") {
                guard let close = bytes[index...].firstIndex(of: first) else {
                    throw Problem(
                        message: "a ' in a date's format is not closed",
                        hint: "write letters that are text as 'T'")
                }
                parts.append(.literal(close == index ? "'" : text(index..<close)))
                index = close + 1
                continue
            }
            while index < bytes.count, bytes[index] == first { index += 1 }
            guard TagLexer.isLetter(first), first != UInt8(ascii: "T") || index - start > 1 else {
                while index < bytes.count, !TagLexer.isLetter(bytes[index]),
                    bytes[index] != UInt8(ascii: "'")
                {
                    index += 1
                }
                parts.append(.literal(text(start..<index)))
                continue
            }
            guard let part = letterParts[text(start..<index)] else {
                throw Problem(
                    message: "\(text(start..<index)) is no part of a date's format",
                    hint: "there are \(letterParts.keys.sorted().joined(separator: " ")); text "
                        + "stands in single quotes")
            }
            parts.append(part)
        }
        return parts
    }

    private static let percentParts: [Character: [Part]] = [
        "Y": [.year], "y": [.shortYear], "m": [.month], "d": [.day], "H": [.hour],
        "I": [.halfDayHour], "M": [.minute], "S": [.second], "L": [.millisecond],
        "f": [.microsecond], "j": [.dayOfYear], "u": [.weekday], "s": [.unixSeconds],
        "z": [.basicZone], "p": [.halfDay], "%": [.literal("%")],
        "F": [.year, .literal("-"), .month, .literal("-"), .day],
        "T": [.hour, .literal(":"), .minute, .literal(":"), .second],
    ]

    private static func percent(_ format: String) throws(Problem) -> [Part] {
        var parts: [Part] = []
        var rest = Substring(format)
        while let first = rest.popFirst() {
            guard first == "%" else {
                parts.append(.literal(String(first)))
                continue
            }
            guard let mark = rest.popFirst(), let known = percentParts[mark] else {
                let known = percentParts.keys.sorted().map { "%\($0)" }
                throw Problem(
                    message: "this % is no part of a date's format",
                    hint: "there are \(known.joined(separator: " "))")
            }
            parts += known
        }
        return parts
    }

    // MARK: Writing

    func text(of moment: TemplateMoment) -> String {
        let micros = moment.timestamp.rawValue + Int64(offsetMinutes) * 60_000_000
        let dayLength: Int64 = 86_400_000_000
        let day = Int((micros - (micros % dayLength + dayLength) % dayLength) / dayLength)
        let rest = Int(micros - Int64(day) * dayLength)
        let date = CivilDate(daysSinceEpoch: day)
        let seconds = rest / 1_000_000
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .year: text += Self.padded(date.year, 4)
            case .shortYear: text += Self.padded(date.year % 100, 2)
            case .month: text += Self.padded(date.month, 2)
            case .day: text += Self.padded(date.day, 2)
            case .hour: text += Self.padded(seconds / 3600, 2)
            case .halfDayHour: text += Self.padded((seconds / 3600 + 11) % 12 + 1, 2)
            case .minute: text += Self.padded(seconds / 60 % 60, 2)
            case .second: text += Self.padded(seconds % 60, 2)
            case .millisecond: text += Self.padded(rest / 1000 % 1000, 3)
            case .microsecond: text += Self.padded(rest % 1_000_000, 6)
            case .dayOfYear:
                let first = CivilDate.daysSinceEpoch(year: date.year, month: 1, day: 1) ?? day
                text += Self.padded(day - first + 1, 3)
            // 1970-01-01 was a Thursday; 1 is Monday.
            case .weekday: text += String(((day + 3) % 7 + 7) % 7 + 1)
            case .unixSeconds:
                text += String((moment.timestamp.rawValue - Int64(rest % 1_000_000)) / 1_000_000)
            case .zone: text += zone(separator: ":")
            case .basicZone: text += zone(separator: "")
            case .halfDay: text += seconds < 43_200 ? "AM" : "PM"
            case .plain(let plain): text += Self.plain(plain, date, seconds)
            }
        }
        return text
    }

    private static func plain(_ part: Part.Plain, _ date: CivilDate, _ seconds: Int) -> String {
        switch part {
        case .month: String(date.month)
        case .day: String(date.day)
        case .hour: String(seconds / 3600)
        case .minute: String(seconds / 60 % 60)
        case .second: String(seconds % 60)
        }
    }

    private func zone(separator: String) -> String {
        if offsetMinutes == 0, !separator.isEmpty { return "Z" }
        let magnitude = offsetMinutes.magnitude
        return (offsetMinutes < 0 ? "-" : "+") + Self.padded(Int(magnitude / 60), 2) + separator
            + Self.padded(Int(magnitude % 60), 2)
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
