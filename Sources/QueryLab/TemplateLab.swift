package import Connector
package import SQLTemplate
internal import SegmentModel

/// Tries an integration's queries on its real target, in transactions that are rolled back: twice,
/// split, in another order, with hostile values; and says of each whether it holds.
///
/// Invariants:
/// - nothing stays: every try is a transaction of its own, and none commits; where that is not
///   enough the session has copies of the tables (`LabTables`);
/// - a segment of the lab's own is used, of which the target has no row.
package struct TemplateLab: Sendable {
    /// Values that break what is not escaped, not encoded, or cut.
    static let hostileTexts = [
        "'", "''", "\\", "\\'", "a\\", "\"", "`", "--", "/* */", ";", "%", "_", "$$", "{x}", "?",
        ":a", "@a", " spaces ", "tab\tline\nend", "\\\n", "NULL", "1); DROP TABLE lab; --",
        "é", "日本語", "😀", "‘quotes’",
    ]

    let queries: CompiledQueries
    private let session: any TargetSession
    private let tables: LabTables
    private let segment: SegmentID
    let profiles: [SampleProfile]

    /// - Parameter profiles: some of the segment's, so that their fields have the right types; made
    ///   up if there are none.
    /// - Throws: `templateInvalid` if the lab cannot work with the target or its tables;
    ///   `TargetFailure`.
    package init(
        _ queries: CompiledQueries, _ session: any TargetSession, _ catalog: any TableCatalog,
        profiles: [SampleProfile]
    ) async throws {
        self.queries = queries
        self.session = session
        guard queries.dialect.hasTransactions else {
            throw Failure(
                .templateInvalid,
                "the lab cannot try queries on \(queries.connector.kind.rawValue), which takes "
                    + "nothing back",
                hint: "'segledger template check' looks at the queries themselves")
        }
        var generator = SystemRandomNumberGenerator()
        segment = SegmentID(
            Int64.random(in: 2_000_000_000...2_147_483_000, using: &generator))
        tables = try await LabTables(queries, catalog, segment, session)
        guard try await tables.read(session).isEmpty else {
            throw Failure(
                .templateInvalid, "the target has rows of segment \(segment), which the lab chose",
                hint: "run it again")
        }
        self.profiles = Self.completed(profiles, queries)
    }

    /// Four profiles that have every field that the queries use, each with values of its own.
    private static func completed(
        _ given: [SampleProfile], _ queries: CompiledQueries
    ) -> [SampleProfile] {
        let names = Set(queries.templates.values.flatMap(\.fieldKeys)).subtracting(["id"])
        return (0..<4).map { index in
            var profile = SampleProfile(id: "lab-\(index)")
            for name in names {
                let known = given.compactMap { $0.fields[name] }.filter { $0 != .null }
                switch known.first {
                case .number: profile.fields[name] = .number(String(index + 1))
                case .boolean(let flag): profile.fields[name] = .boolean(flag)
                case .json(let text): profile.fields[name] = .json(text)
                case .text, .null, nil: profile.fields[name] = .text("lab-\(index)")
                }
            }
            return profile
        }
    }

    // MARK: One try

    enum Outcome: Equatable {
        case rows([LabRow])
        case refused(TargetFailure)
    }

    struct Step {
        let query: QueryKind
        var profiles: [SampleProfile] = []
        var name = "lab"
        /// Profiles of one statement at most; nil: the integration's own batch size.
        var size: Int?
    }

    /// What the steps leave, in a transaction that is rolled back.
    ///
    /// - Throws: `TargetFailure` if the connection is lost; `Failure` for a value that the query
    ///   itself refuses.
    func run(_ steps: [Step]) async throws -> Outcome {
        var rows: [LabRow] = []
        let failure = try await attempt {
            for step in steps {
                for sql in try render(step) { _ = try await session.execute(sql) }
            }
            rows = try await tables.read(session)
        }
        return failure.map { .refused($0) } ?? .rows(rows)
    }

    /// Runs `body` and takes back what it did; the refusal of the database, if it was one.
    private func attempt(_ body: () async throws -> Void) async throws -> TargetFailure? {
        try Task.checkCancellation()
        if tables.isScratch {
            try await tables.empty(session)
        } else {
            try await session.begin()
        }
        var refusal: TargetFailure?
        do {
            try await body()
        } catch let failure as TargetFailure where !failure.isConnectionLost {
            refusal = failure.told(in: queries.vocabulary)
        }
        if !tables.isScratch { try await session.rollback() }
        return refusal
    }

    private func render(_ step: Step) throws -> [[UInt8]] {
        guard let template = queries.templates[step.query] else { return [] }
        let scope = RenderScope(
            segmentID: segment, segmentName: step.name, integrationName: queries.definition.name,
            eventTime: Timestamp(rawValue: 1_767_225_600_000_000), position: Position(0),
            deliveryID: "lab")
        let size = step.size ?? queries.batchSize
        var texts: [[UInt8]] = []
        do throws(RenderFailure) {
            guard step.query.hasBatch else {
                return [try template.render([], scope)]
            }
            var start = 0
            while start < step.profiles.count {
                let end = min(start + size, step.profiles.count)
                texts.append(
                    try template.render(Array(step.profiles[start..<end]), scope))
                start = end
            }
        } catch {
            throw Failure(
                .targetRefusedValues, error.message,
                hint: "give the profile another value, or leave the field out of the query")
        }
        return texts
    }

    // MARK: Grading

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

    private func refusal(_ query: QueryKind, _ outcome: Outcome) -> LabGrade? {
        guard case .refused(let failure) = outcome else { return nil }
        var grade = LabGrade(query, all: .unknown("the query is refused"))
        grade.works = .unsafe("the database refuses it: \(failure.message)")
        return grade
    }

    private func add() async throws -> LabGrade {
        let whole = try await run([adding(profiles)])
        if let grade = refusal(.addProfiles, whole) { return grade }
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
        grade.isValueSafe = try await values(of: .addProfiles) { [adding([$0])] }
        grade.notes = try await sharedKeys() + collations()
        return grade
    }

    private func remove() async throws -> LabGrade {
        let rest = try await run([adding(profiles), removing(firstHalf)])
        if let grade = refusal(.removeProfiles, rest) { return grade }
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
        return grade
    }

    private func clear() async throws -> LabGrade {
        let clear = Step(query: .clearSegment)
        let cleared = try await run([adding(profiles), clear])
        if let grade = refusal(.clearSegment, cleared) { return grade }
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
        if let grade = refusal(.saveSegment, saved) { return grade }
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
        if let grade = refusal(.deleteSegment, deleted) { return grade }
        var grade = LabGrade(.deleteSegment, all: .safe)
        grade.works = try await compare(.rows([]), [("deleting", [save, delete])])
        grade.isRepeatSafe = try await compare(
            deleted, [("a second run", [save, delete, delete])])
        grade.isOrderSafe = .notApplicable
        grade.isValueSafe = .notApplicable
        return grade
    }

    /// The `members` query sees exactly the keys that were added.
    private func members() async throws -> LabGrade {
        var grade = LabGrade(.members, all: .notApplicable)
        let key = queries.definition.memberKey ?? "id"
        let wanted = Set(
            profiles.map { profile in
                if key == "id" { return profile.id }
                return String(decoding: profile.fields[key]?.bytes ?? "".utf8, as: UTF8.self)
            })
        let failure = try await attempt {
            for sql in try render(adding(profiles)) { _ = try await session.execute(sql) }
            var found: Set<String> = []
            for sql in try render(Step(query: .members)) {
                for row in try await session.query(sql) { found.insert((row.first ?? nil) ?? "") }
            }
            grade.works =
                found == wanted
                ? .safe
                : .unsafe(
                    "of \(wanted.count) keys added it returns \(found.intersection(wanted).count),"
                        + " and \(found.subtracting(wanted).count) others")
        }
        if let failure {
            grade.works = .unsafe("the database refuses it: \(failure.message)")
        }
        return grade
    }
}

extension CompiledQueries {
    /// A name between the quotes that the target has for it.
    func quoted(_ name: String) -> String {
        let quote = dialect.identifierQuote
        return quote + name.replacing(quote, with: quote + quote) + quote
    }

    /// Whether a query empties a table in a way that commits by itself.
    func truncates(_ query: QueryKind) -> Bool {
        dialect.hidesTables
            && templates[query]?.statements.contains { $0.verb == "TRUNCATE" } == true
    }

    /// Why a query cannot be tried in a transaction that is rolled back; nil: it can.
    func reasonNotToTry(_ query: QueryKind) -> String? {
        guard dialect.commitsDefinitions else { return nil }
        for statement in templates[query]?.statements ?? [] {
            if statement.isDataDefinition, statement.verb != "TRUNCATE" || !truncates(query) {
                return "\(statement.verb) commits at once, so it was not tried"
            }
            // A block of statements can do what it likes.
            if statement.isCall || ["BEGIN", "DECLARE"].contains(statement.verb) {
                return "what \(statement.verb) runs can commit at once, so it was not tried"
            }
        }
        return nil
    }
}
