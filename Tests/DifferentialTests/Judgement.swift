import Connector
import KindTesting
import SegmentModel

/// What a database did with a statement.
enum Outcome {
    case rows([[String?]])
    case failure(code: String, class: TargetFailure.Class, message: String)

    init(_ failure: TargetFailure) {
        self = .failure(
            code: failure.targetCode, class: failure.class, message: failure.message)
    }
}

/// Compares what a statement did with harmless values to what it did with hostile ones.
///
/// Where a marker stood there must stand the hostile text, byte for byte; all else must be equal.
/// A cell in which no marker stood may differ only if it is a number or a boolean, which the
/// statement may have computed from values.
struct Judgement {
    let database: TestedDatabase
    let template: TriedTemplate
    let substitution: Substitution
    /// Cells in which a marker stood.
    private(set) var valueCount = 0

    init(_ database: TestedDatabase, _ template: TriedTemplate, _ substitution: Substitution) {
        self.database = database
        self.template = template
        self.substitution = substitution
    }

    /// What is wrong; nil if nothing is.
    mutating func problem(_ harmless: Outcome, _ hostile: Outcome) -> String? {
        switch (harmless, hostile) {
        case (.rows(let expected), .rows(let found)):
            let isChoice = template.frame == .condition || template.frame == .change
            return isChoice && database.reader != .tokens
                ? differentChoice(expected, found) : differentRows(expected, found)
        case (.rows, .failure(let code, let kind, let message)):
            let isOfValue = kind == .values || writesBareNumbers && !isSyntax(code)
            return isOfValue ? nil : "hostile values fail: \(code) \(message)"
        case (.failure(let code, let kind, let message), .rows):
            return kind == .values ? nil : "harmless values fail: \(code) \(message)"
        case (.failure(let first, _, _), .failure(let second, _, let message)):
            // ClickHouse reads data before it has read the statement: one that is broken anyway
            // fails where the data first does.
            guard isSyntax(first) != isSyntax(second), !writesBareNumbers,
                database.reader != .clickHouseEngine,
                ![first, second].contains(where: { $0.hasPrefix("HTTP") })
            else { return nil }
            return "harmless values fail with \(first), hostile ones with \(second) \(message)"
        }
    }

    private func isSyntax(_ code: String) -> Bool {
        ["42601", "1064", "62", "open"].contains(code)
    }

    private var writesBareNumbers: Bool {
        ["lead.n", "lead.m", "\"n\"", "lead.b"].contains(where: template.source.contains)
    }

    /// Whether the statement may compute numbers from values: a sign of arithmetic stands beside a
    /// tag; or MariaDB gives a column of a UNION the width of its numbers as they are written.
    private var computes: Bool {
        let isWidth =
            database.rules.kind == .mysql && writesBareNumbers && template.source.contains("UNION")
        let signs = /[-+*\/%|&^~]\s*[('"]*\{|\}['")]*\s*[-+*\/%|&^~]/
        return isWidth || template.source.contains(signs)
    }

    /// Whether two cells are the same but for their numbers.
    private static func differInNumbers(_ cell: String, _ other: String) -> Bool {
        func rest(_ text: String) -> [Unicode.Scalar] {
            text.unicodeScalars.filter { !"+-.0123456789eE".unicodeScalars.contains($0) }
        }
        return rest(cell) == rest(other)
    }

    // MARK: Rows

    private mutating func differentRows(
        _ harmless: [[String?]], _ hostile: [[String?]]
    ) -> String? {
        guard harmless.count == hostile.count else {
            // A UNION without ALL leaves out what is equal by the database's collation.
            let isDistinct =
                template.source.contains("UNION") && !template.source.contains("UNION ALL")
            return isDistinct
                ? nil
                : "\(harmless.count) rows with harmless values, \(hostile.count) with hostile ones"
        }
        // What several SELECTs give comes in any order, and what is read back in that of values.
        guard template.source.contains("UNION") || template.frame == .insert else {
            for (expected, found) in zip(harmless, hostile) {
                if let problem = differentRow(expected, found) { return problem }
            }
            return nil
        }
        var left = hostile
        for expected in harmless {
            var problems: [String] = []
            let match = left.indices.first { index in
                let problem = differentRow(expected, left[index])
                if let problem { problems.append(problem) }
                return problem == nil
            }
            guard let match else { return problems.first }
            left.remove(at: match)
        }
        return nil
    }

    private mutating func differentRow(_ harmless: [String?], _ hostile: [String?]) -> String? {
        guard harmless.count == hostile.count else {
            return "\(harmless.count) columns with harmless values, \(hostile.count) with hostile "
                + "ones"
        }
        for (cell, other) in zip(harmless, hostile) {
            if let problem = differentCell(cell, other) { return problem }
        }
        return nil
    }

    private mutating func differentCell(_ harmless: String?, _ hostile: String?) -> String? {
        guard let harmless, let hostile else {
            let one = harmless ?? hostile ?? ""
            return harmless == hostile || Self.isComputed(one, one)
                ? nil : "\(shown(harmless)) is \(shown(hostile)) with hostile values"
        }
        let parts = substitution.parts(of: Array(harmless.utf8))
        for case .constant(let constant) in parts where substitution.holdsFragment(constant) {
            return "a part of a harmless value is gone: \(shown(harmless))"
        }
        let hasKey = parts.contains {
            if case .key = $0 { true } else { false }
        }
        // The first column of `data` holds whole numbers: others are rounded.
        if template.frame == .insert, Double(harmless) != nil, let number = Double(hostile),
            number == number.rounded()
        {
            return nil
        }
        guard hasKey else {
            let isEqual = harmless.utf8.elementsEqual(hostile.utf8)
            return isEqual || Self.isComputed(harmless, hostile)
                || computes && Self.differInNumbers(harmless, hostile)
                ? nil : "\(shown(harmless)) is \(shown(hostile)) with hostile values"
        }
        // The text of a record quotes the fields that need it.
        let isRecord =
            database.reader == .postgres && harmless.hasPrefix("(") && harmless.hasSuffix(")")
        guard !isRecord else { return nil }
        valueCount += 1
        // `@` is the absolute value in PostgreSQL.
        let ignoresSign = template.source.contains("@")
        let ways = [parts, substitution.parts(of: Array(harmless.utf8), takesQuotes: false)]
        let isMeant = ways.contains {
            CellMatch.matches(Array(hostile.utf8), $0, ignoresSign: ignoresSign)
        }
        guard isMeant || computes && Self.differInNumbers(harmless, hostile) else {
            return "\(shown(harmless)) became \(shown(hostile))"
        }
        return nil
    }

    /// Whether both are numbers or booleans, or differ by a number only.
    private static func isComputed(_ cell: String, _ other: String) -> Bool {
        let words = ["true", "false", "t", "f", "inf", "nan", "-inf"]
        let values = [cell, other].filter { !words.contains($0) && Double($0) == nil }
        if values.isEmpty { return true }
        let digits = "+-.0123456789eE".unicodeScalars
        func rest(_ text: String) -> [Unicode.Scalar] {
            Array(text.unicodeScalars.drop { digits.contains($0) })
        }
        return cell.first.map { "-0123456789".contains($0) } == true && rest(cell) == rest(other)
    }

    private func shown(_ cell: String?) -> String { cell.map { $0.debugDescription } ?? "NULL" }

    // MARK: Rows of `pool`

    /// Judged only where the harmless values chose rows of their own and no others: what the
    /// condition means otherwise is not known.
    private mutating func differentChoice(
        _ harmless: [[String?]], _ hostile: [[String?]]
    ) -> String? {
        let first = harmless.flatMap { $0 }.compactMap { $0 }
        let second = hostile.flatMap { $0 }.compactMap { $0 }
        let expected = first.compactMap(substitution.hostile)
        guard !first.isEmpty, expected.count == first.count,
            !template.source.uppercased().contains("LIKE")
        else { return nil }
        valueCount += first.count
        guard Set(expected.map { Array($0.utf8) }) == Set(second.map { Array($0.utf8) }) else {
            return "the rows of \(expected.debugDescription) were meant, not of "
                + second.debugDescription
        }
        return nil
    }
}

/// A hostile cell, read along the parts of the harmless one.
enum CellMatch {
    static func matches(
        _ cell: [UInt8], _ parts: [Substitution.Part], ignoresSign: Bool
    ) -> Bool {
        matches(cell[...], parts[...], false, isBehindMinus: ignoresSign)
            || matches(cell[...], parts[...], true, isBehindMinus: ignoresSign)
    }

    /// `respellsNumbers`: a database writes the numbers in its own way.
    private static func matches(
        _ cell: [UInt8], _ parts: [Substitution.Part], respellsNumbers: Bool
    ) -> Bool {
        matches(cell[...], parts[...], respellsNumbers, isBehindMinus: false)
    }

    private static func matches(
        _ cell: ArraySlice<UInt8>, _ parts: ArraySlice<Substitution.Part>,
        _ respellsNumbers: Bool, isBehindMinus: Bool
    ) -> Bool {
        guard let part = parts.first else { return cell.isEmpty }
        let rest = parts.dropFirst()
        switch part {
        case .constant(let constant):
            // The sign may be the value's own.
            let hasSign = respellsNumbers && constant.last == UInt8(ascii: "-")
            let text = constant.prefix(constant.count - (hasSign ? 1 : 0))
            guard cell.starts(with: text) else { return false }
            var behind = cell.dropFirst(text.count)
            if hasSign, behind.first == UInt8(ascii: "-") { behind = behind.dropFirst() }
            return matches(behind, rest, respellsNumbers, isBehindMinus: hasSign)
        case .key(let key) where key.isNumber && respellsNumbers:
            let digits = cell.prefix { "+-.0123456789eE".utf8.contains($0) }
            return (1..<digits.count + 1).reversed().contains { count in
                isNumber(digits.prefix(count), key.hostile[0], isBehindMinus)
                    && matches(cell.dropFirst(count), rest, true, isBehindMinus: false)
            }
        case .key(let key):
            return key.hostile.contains {
                cell.starts(with: $0)
                    && matches(
                        cell.dropFirst($0.count), rest, respellsNumbers, isBehindMinus: false)
            }
        }
    }

    private static func isNumber(
        _ text: ArraySlice<UInt8>, _ number: [UInt8], _ ignoresSign: Bool
    ) -> Bool {
        guard let found = Double(String(decoding: text, as: UTF8.self)),
            let wanted = Double(String(decoding: number, as: UTF8.self))
        else { return false }
        let difference = ignoresSign ? abs(abs(found) - abs(wanted)) : abs(found - wanted)
        return difference <= abs(wanted) * 1e-6
    }
}
