internal import Connector
internal import SQLTemplate
internal import SegmentModel

/// What each query of an integration has to stand.
extension TemplateLab {
    /// One grade for each query, in the configuration's order.
    package func grades() async throws -> [LabGrade] {
        var grades: [LabGrade] = []
        for query in QueryKind.allCases where queries.templates[query] != nil {
            if let reason = queries.reasonNotToTry(query) {
                grades.append(LabGrade(query, all: .unknown(reason)))
                continue
            }
            switch query {
            case .addProfiles: grades.append(try await add())
            case .removeProfiles: grades.append(try await remove())
            case .clearSegment: grades.append(try await clear())
            case .saveSegment: grades.append(try await save())
            case .deleteSegment: grades.append(try await delete())
            case .members: grades.append(try await members())
            }
        }
        return grades
    }

    private var firstHalf: [SampleProfile] { Array(profiles.prefix(2)) }
    private var secondHalf: [SampleProfile] { Array(profiles.suffix(2)) }

    func adding(_ profiles: [SampleProfile], size: Int? = nil) -> Step {
        Step(query: .addProfiles, profiles: profiles, size: size)
    }

    func removing(_ profiles: [SampleProfile], size: Int? = nil) -> Step {
        Step(query: .removeProfiles, profiles: profiles, size: size)
    }

    /// Safe if all ways leave what `wanted` is.
    private func compare(
        _ wanted: Outcome, _ ways: [(name: String, steps: [Step])]
    ) async throws -> LabGrade.Verdict {
        for way in ways {
            let outcome = try await run(way.steps)
            guard outcome != wanted else { continue }
            switch (outcome, wanted) {
            case (.reached, _): return .unsafe("\(way.name) \(Self.reaching)")
            case (.refused(let failure), _):
                return .unsafe("\(way.name) is refused: \(failure.message)")
            case (.rows(let found), .rows(let expected)) where found.count != expected.count:
                return .unsafe(
                    "\(way.name) leaves \(found.count) rows instead of \(expected.count)")
            default: return .unsafe("\(way.name) leaves other values")
            }
        }
        return .safe
    }

    static let reaching = "changes rows of another segment"

    /// The grade of a query that does not even do what it is for; nil: it may.
    private func failing(_ query: QueryKind, _ outcome: Outcome) -> LabGrade? {
        switch outcome {
        case .rows: return nil
        case .refused(let failure):
            var grade = LabGrade(query, all: .unknown("the query is refused"))
            grade.works = .unsafe("the database refuses it: \(failure.message)")
            return grade
        case .reached:
            var grade = LabGrade(query, all: .unknown("the query \(Self.reaching)"))
            grade.works = .unsafe("it \(Self.reaching)")
            return grade
        }
    }

    private func add() async throws -> LabGrade {
        let whole = try await run([adding(profiles)])
        if let grade = failing(.addProfiles, whole) { return grade }
        var grade = LabGrade(.addProfiles, all: .safe)
        if case .rows(let rows) = whole, rows.isEmpty {
            grade.works = .unsafe("four profiles added leave no row of their segment")
        }
        grade.isRepeatSafe = try await compare(
            whole, [("a second run", [adding(profiles), adding(profiles)])])
        grade.isOrderSafe = try await compare(
            whole,
            [
                ("one profile at a time", [adding(profiles, size: 1)]),
                ("the second half first", [adding(secondHalf), adding(firstHalf)]),
                ("the reverse order", [adding(profiles.reversed())]),
            ])
        grade.isValueSafe = try await values(of: .addProfiles)
        grade.notes =
            try await sharedKeys() + collations() + longTexts()
            + flaws.map(\.sentence)
        return grade
    }

    private func remove() async throws -> LabGrade {
        let rest = try await run([adding(profiles), removing(firstHalf)])
        if let grade = failing(.removeProfiles, rest) { return grade }
        var grade = LabGrade(.removeProfiles, all: .safe)
        let wanted = try await run([adding(secondHalf)])
        grade.works = try await compare(
            wanted, [("removing half of the profiles", [adding(profiles), removing(firstHalf)])])
        grade.isRepeatSafe = try await compare(
            rest,
            [("a second run", [adding(profiles), removing(firstHalf), removing(firstHalf)])])
        let none = try await run([adding(profiles), removing(profiles)])
        grade.isOrderSafe = try await compare(
            none,
            [
                ("one profile at a time", [adding(profiles), removing(profiles, size: 1)]),
                (
                    "the second half first",
                    [adding(profiles), removing(secondHalf), removing(firstHalf)]
                ),
            ])
        grade.isValueSafe = try await removedValues()
        grade.notes = try await missingKeys()
        return grade
    }

    private func clear() async throws -> LabGrade {
        let clear = Step(query: .clearSegment)
        let cleared = try await run([adding(profiles), clear])
        if let grade = failing(.clearSegment, cleared) { return grade }
        var grade = LabGrade(.clearSegment, all: .safe)
        grade.works = try await compare(.rows([]), [("clearing", [adding(profiles), clear])])
        grade.isRepeatSafe = try await compare(
            cleared, [("a second run", [adding(profiles), clear, clear])])
        grade.isOrderSafe = try await compare(
            try await run([adding(secondHalf)]),
            [("clearing between two batches", [adding(firstHalf), clear, adding(secondHalf)])])
        grade.isValueSafe = .notApplicable
        return grade
    }

    private func save() async throws -> LabGrade {
        let saved = try await run([Step(query: .saveSegment)])
        if let grade = failing(.saveSegment, saved) { return grade }
        var grade = LabGrade(.saveSegment, all: .safe)
        if case .rows(let rows) = saved, rows.isEmpty {
            grade.works = .unsafe("a segment that is saved leaves no row")
        }
        grade.isRepeatSafe = try await compare(
            saved, [("a second run", [Step(query: .saveSegment), Step(query: .saveSegment)])])
        grade.isOrderSafe = try await compare(
            saved,
            [
                (
                    "an older name before it",
                    [Step(query: .saveSegment, name: "older"), Step(query: .saveSegment)]
                )
            ])
        grade.isValueSafe = try await names()
        return grade
    }

    private func delete() async throws -> LabGrade {
        let delete = Step(query: .deleteSegment)
        let save = Step(query: .saveSegment)
        let deleted = try await run([save, delete])
        if let grade = failing(.deleteSegment, deleted) { return grade }
        var grade = LabGrade(.deleteSegment, all: .safe)
        grade.works = try await compare(.rows([]), [("deleting", [save, delete])])
        grade.isRepeatSafe = try await compare(
            deleted, [("a second run", [save, delete, delete])])
        grade.isOrderSafe = .notApplicable
        grade.isValueSafe = .notApplicable
        return grade
    }
}
