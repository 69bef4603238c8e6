internal import Connector
internal import SQLTemplate
internal import SegmentModel

/// What becomes of values.
extension TemplateLab {
    /// Fields of a query that are texts, `id` among them.
    private func textFields(_ query: QueryKind) -> [String] {
        (queries.templates[query]?.fieldNames ?? []).filter {
            if $0 == "id" { return true }
            if case .text? = profiles[0].fields[$0] { return true }
            return false
        }
    }

    private func replaced(_ field: String, by text: String) -> SampleProfile {
        var profile = profiles[0]
        if field == "id" {
            profile.id = text
        } else {
            profile.fields[field] = .text(text)
        }
        return profile
    }

    private func holds(_ outcome: Outcome, _ text: String) -> Bool {
        guard case .rows(let rows) = outcome else { return false }
        return rows.contains { row in
            row.values.contains { $0?.utf8.elementsEqual(text.utf8) ?? false }
        }
    }

    /// Each hostile text in each field, one at a time.
    func values(
        of query: QueryKind, _ steps: (SampleProfile) -> [Step]
    ) async throws -> LabGrade.Verdict {
        var refusedCount = 0
        for field in textFields(query) {
            // A field that the query changes, or only compares, is not found as it is.
            guard holds(try await run(steps(replaced(field, by: "lab-plain"))), "lab-plain") else {
                continue
            }
            for text in Self.hostileTexts {
                let outcome = try await run(steps(replaced(field, by: text)))
                switch outcome {
                case .rows:
                    guard holds(outcome, text) else {
                        return .unsafe("\(field): \(Self.shown(text)) is stored as something else")
                    }
                case .refused(let failure):
                    guard failure.class == .values else {
                        return .unsafe(
                            "\(field): \(Self.shown(text)) makes the query fail: "
                                + failure.message)
                    }
                    refusedCount += 1
                }
            }
        }
        return refusedCount == 0
            ? .safe
            : .unknown("\(refusedCount) hostile values were refused by the column's type")
    }

    /// Removing a profile with a hostile value removes its row and no other.
    func removedValues() async throws -> LabGrade.Verdict {
        for field in textFields(.removeProfiles) {
            for text in Self.hostileTexts {
                let odd = replaced(field, by: text)
                let other = profiles[1]
                let added = try await run([adding([odd, other], size: 1)])
                guard case .rows = added else { continue }
                let outcome = try await run([adding([odd, other], size: 1), removing([odd])])
                guard outcome == (try await run([adding([other])])) else {
                    return .unsafe(
                        "\(field): removing \(Self.shown(text)) does not remove exactly its row")
                }
            }
        }
        return .safe
    }

    func names() async throws -> LabGrade.Verdict {
        let plain = try await run([Step(query: .saveSegment, name: "lab-plain")])
        guard holds(plain, "lab-plain") else { return .notApplicable }
        for text in Self.hostileTexts {
            let outcome = try await run([Step(query: .saveSegment, name: text)])
            if case .refused(let failure) = outcome {
                return .unsafe("the name \(Self.shown(text)) is refused: \(failure.message)")
            }
            guard holds(outcome, text) else {
                return .unsafe("the name \(Self.shown(text)) is stored as something else")
            }
        }
        return .safe
    }

    private static func shown(_ text: String) -> String {
        text.replacing("\n", with: "\\n").replacing("\t", with: "\\t")
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
        let pairs = [
            ("lab-k", "LAB-K", "case"), ("lab-e", "lab-é", "accents"),
            ("lab-s", "lab-s ", "spaces at the end"),
        ]
        var notes: [String] = []
        for field in textFields(.addProfiles) {
            for (first, second, what) in pairs {
                let both = [replaced(field, by: first), replaced(field, by: second)]
                let alone = try await run([adding([both[0]])])
                let together = try await run([adding(both, size: 1)])
                guard case .rows(let one) = alone, case .rows(let two) = together,
                    holds(alone, first), one.count == two.count
                else { continue }
                notes.append("\(field): texts that differ only in \(what) become one row")
            }
        }
        return notes
    }
}
