internal import Connector
internal import SQLTemplate
internal import SegmentModel

/// What becomes of values.
extension TemplateLab {
    /// What a field lands in, as far as two tries tell.
    private enum Place {
        case text, number
        /// It is changed on its way, or only compared.
        case other
    }

    private func fields(_ query: QueryKind) -> [String] {
        queries.templates[query]?.fieldNames ?? []
    }

    /// The first profile with another value in one field; nil: without the field.
    private func replaced(_ field: String, by value: FieldValue?) -> SampleProfile {
        var profile = profiles[0]
        if field == "id" {
            if case .text(let text)? = value { profile.id = text }
        } else {
            profile.fields[field] = value
        }
        return profile
    }

    private func holds(
        _ outcome: Outcome, _ isEqual: (String) -> Bool
    ) -> Bool {
        guard case .rows(let rows) = outcome else { return false }
        return rows.contains { row in row.values.contains { $0.map(isEqual) ?? false } }
    }

    private func holds(_ outcome: Outcome, _ text: String) -> Bool {
        holds(outcome) { $0.utf8.elementsEqual(text.utf8) }
    }

    private func place(
        of field: String, _ steps: (SampleProfile) -> [Step]
    ) async throws -> Place {
        let plain = try await run(steps(replaced(field, by: .text("lab-plain"))))
        if holds(plain, "lab-plain") { return .text }
        if field == "id" { return .other }
        let number = try await run(steps(replaced(field, by: .number("2468"))))
        return holds(number, "2468") ? .number : .other
    }

    // MARK: Adding

    /// Each hostile value in each field, one at a time, beside another profile.
    func values(of query: QueryKind) async throws -> LabGrade.Verdict {
        var refusedCount = 0
        for field in fields(query) {
            let steps = { (profile: SampleProfile) in [adding([profiles[1], profile], size: 1)] }
            let beside = try await run([adding([profiles[1]])])
            let place = try await place(of: field, steps)
            for value in tried(field, place) {
                let outcome = try await run(steps(replaced(field, by: value)))
                switch try verdict(field, value, place, outcome, beside) {
                case .unsafe(let reason): return .unsafe(reason)
                case .unknown: refusedCount += 1
                case .safe, .notApplicable: break
                }
            }
            if place == .other, let reason = try await moments(field, steps) {
                return .unsafe(reason)
            }
        }
        return refusedCount == 0
            ? .safe
            : .unknown("\(refusedCount) hostile values were refused by the column's type")
    }

    private func tried(_ field: String, _ place: Place) -> [FieldValue] {
        let texts = (LabValues.hostileTexts + LabValues.longTexts).map { FieldValue.text($0) }
        let numbers = LabValues.numbers.map { FieldValue.number($0) }
        switch place {
        case .text: return field == "id" ? texts : texts + numbers
        case .number: return numbers
        case .other: return []
        }
    }

    /// Unknown: the column refused the value, rightly.
    private func verdict(
        _ field: String, _ value: FieldValue, _ place: Place, _ outcome: Outcome,
        _ beside: Outcome
    ) throws -> LabGrade.Verdict {
        let shown = LabValues.shown(value)
        let text = String(decoding: value.bytes, as: UTF8.self)
        switch outcome {
        case .reached: return .unsafe("\(field): \(shown) \(Self.reaching)")
        case .refused(let failure):
            guard failure.class == .values else {
                return .unsafe("\(field): \(shown) makes the query fail: \(failure.message)")
            }
            // A column has its length, and a number its range.
            return place == .number || text.utf8.count > 200 ? .notApplicable : .unknown("")
        case .rows(let rows):
            let isStored =
                place == .number
                ? holds(outcome) { isSameNumber($0, text) } : holds(outcome, text)
            guard isStored else {
                return .unsafe("\(field): \(shown) is stored as something else")
            }
            if case .rows(let others) = beside, !others.allSatisfy(rows.contains) {
                return .unsafe("\(field): \(shown) changes the row of another profile")
            }
            return .safe
        }
    }

    /// Whether one moment, written in two zones, lands as one; nil: it does, or no column takes it.
    private func moments(
        _ field: String, _ steps: (SampleProfile) -> [Step]
    ) async throws -> String? {
        func times(_ text: String) async throws -> [LabRow]? {
            let steps = steps(replaced(field, by: .text(text)))
            guard case .rows(let rows) = try await run(steps, readingTimes: true) else {
                return nil
            }
            return rows
        }
        guard let first = try await times("2026-03-12T10:00:00Z"),
            let again = try await times("2026-03-12T10:00:00Z"),
            let zoned = try await times("2026-03-12T11:00:00+01:00"),
            let later = try await times("2026-03-12T12:00:00Z"),
            first.count == again.count, first.count == zoned.count, first.count == later.count
        else { return nil }
        for row in first.indices {
            for column in first[row].values.indices {
                let value = first[row].values[column]
                // A column that a clock fills differs between two runs.
                guard value == again[row].values[column], value != later[row].values[column]
                else { continue }
                if value != zoned[row].values[column] {
                    return "\(field): one moment written in two zones is stored as two"
                }
            }
        }
        return nil
    }

    // MARK: Removing

    /// Removing a profile with a hostile value removes its row and no other.
    func removedValues() async throws -> LabGrade.Verdict {
        let values = LabValues.hostileTexts.map { FieldValue.text($0) } + LabValues.others
        let other = profiles[1]
        let wanted = try await run([adding([other])])
        for field in fields(.removeProfiles) {
            for value in values {
                if field == "id", !value.isText { continue }
                let odd = replaced(field, by: value)
                let added = try await run([adding([odd, other], size: 1)])
                guard case .rows = added else { continue }
                let outcome = try await run([adding([odd, other], size: 1), removing([odd])])
                guard outcome != wanted else { continue }
                let shown = LabValues.shown(value)
                return .unsafe(
                    outcome == .reached
                        ? "\(field): removing \(shown) \(Self.reaching)"
                        : "\(field): removing \(shown) does not remove exactly its row")
            }
            if field != "id", let reason = try await neighbours(field) { return .unsafe(reason) }
        }
        return .safe
    }

    /// Whether numbers that are removed together take another one along, which differs from one of
    /// them in its sixteenth digit, as where a column is compared as binary fractions.
    private func neighbours(_ field: String) async throws -> String? {
        var three = Array(profiles.prefix(3))
        for (place, text) in LabValues.neighbours.enumerated() {
            three[place].fields[field] = .number(text)
        }
        let kept = try await run([adding([three[2]])])
        guard case .rows = kept, case .rows = try await run([adding(three, size: 1)]) else {
            return nil
        }
        let outcome = try await run([adding(three, size: 1), removing([three[0], three[1]])])
        guard outcome != kept else { return nil }
        return "\(field): removing the numbers \(LabValues.neighbours[0]) and "
            + "\(LabValues.neighbours[1]) together does not leave \(LabValues.neighbours[2])"
    }

    /// Fields without which a profile gets a row that no removal takes away.
    func missingKeys() async throws -> [String] {
        var notes: [String] = []
        for field in fields(.removeProfiles) where field != "id" {
            let without = replaced(field, by: nil)
            guard case .rows(let added) = try await run([adding([without])]), !added.isEmpty,
                case .rows(let left) = try await run([adding([without]), removing([without])]),
                !left.isEmpty
            else { continue }
            notes.append("\(field): a profile without it gets a row that no removal takes away")
        }
        return notes
    }

    // MARK: Names and keys

    func names() async throws -> LabGrade.Verdict {
        let plain = try await run([Step(query: .saveSegment, name: "lab-plain")])
        guard holds(plain, "lab-plain") else { return .notApplicable }
        for text in LabValues.hostileTexts {
            let outcome = try await run([Step(query: .saveSegment, name: text)])
            let shown = LabValues.shown(.text(text))
            switch outcome {
            case .refused(let failure):
                return .unsafe("the name \(shown) is refused: \(failure.message)")
            case .reached: return .unsafe("the name \(shown) \(Self.reaching)")
            case .rows:
                guard holds(outcome, text) else {
                    return .unsafe("the name \(shown) is stored as something else")
                }
            }
        }
        return .safe
    }

    /// Two profiles that share their fields, as two people can share a customer number.
    func sharedKeys() async throws -> [String] {
        var twin = profiles[0]
        twin.id = "lab-twin"
        let outcome = try await run([adding([profiles[0], twin], size: 2)])
        guard queries.batchSize > 1, case .refused(let failure) = outcome else { return [] }
        return failure.class == .repeatedKey
            ? [
                "two profiles that share a key in one batch are delivered in smaller statements"
            ] : ["two profiles that share their fields are refused: \(failure.message)"]
    }

    /// Texts that differ and that the key takes for one.
    func collations() async throws -> [String] {
        var notes: [String] = []
        for field in fields(.addProfiles) {
            for pair in LabValues.pairs {
                func rowCount(_ texts: [String]) async throws -> Int? {
                    let added = texts.map { replaced(field, by: .text($0)) }
                    guard case .rows(let rows) = try await run([adding(added, size: 1)]) else {
                        return nil
                    }
                    return rows.count
                }
                // In a column that is not of the key any two profiles are one row here.
                guard let alone = try await rowCount([pair.first]),
                    let together = try await rowCount([pair.first, pair.second]),
                    let apart = try await rowCount([pair.first, pair.control]),
                    together == alone, apart > alone
                else { continue }
                notes.append("\(field): texts that differ only in \(pair.what) become one row")
            }
        }
        return notes
    }

    /// The length from which a column refuses texts.
    func longTexts() async throws -> [String] {
        var notes: [String] = []
        for field in fields(.addProfiles) {
            for text in LabValues.longTexts {
                let outcome = try await run([adding([replaced(field, by: .text(text))])])
                guard case .refused(let failure) = outcome, failure.class == .values else {
                    continue
                }
                notes.append("\(field): a text of \(text.utf8.count) bytes is refused")
                break
            }
        }
        return notes
    }
}

extension FieldValue {
    fileprivate var isText: Bool {
        if case .text = self { true } else { false }
    }
}
