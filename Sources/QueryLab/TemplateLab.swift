package import Connector
package import SQLTemplate
internal import SegmentModel

/// Tries an integration's queries on its real target, in transactions that are rolled back: twice,
/// split, in another order, with hostile values; and says of each whether it holds.
///
/// Invariants:
/// - nothing stays: every try is a transaction of its own, and none commits; where that is not
///   enough the session has copies of the tables (`LabTables`);
/// - two segments of the lab's own are used, of which the target has no row: one that the queries
///   run for, and another whose rows they must not touch.
package struct TemplateLab: Sendable {
    let queries: CompiledQueries
    private let session: any TargetSession
    private let tables: LabTables
    private let segment: SegmentID
    /// Its rows stand beside those of `segment` in each try.
    private let neighbour: SegmentID
    let profiles: [SampleProfile]
    /// Why deliveries to these tables guarantee less.
    let flaws: [GradeFacts.Flaw]

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
        neighbour = SegmentID(segment.rawValue + 1)
        // Before there are copies of them.
        let statements = queries.templates.values.flatMap(\.statements)
        flaws = try await session.gradeFacts(of: GradeFacts.Tables(statements)).flaws
        tables = try await LabTables(queries, catalog, session)
        for segment in [segment, neighbour] {
            guard try await tables.read(segment, session).isEmpty else {
                throw Failure(
                    .templateInvalid,
                    "the target has rows of segment \(segment), which the lab chose",
                    hint: "run it again")
            }
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
                case .text(let text) where Timestamp(rfc3339: text) != nil:
                    profile.fields[name] = .text("2026-03-1\(index)T10:00:00Z")
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
        /// The steps changed rows of another segment.
        case reached
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
    /// The same profiles stand in another segment meanwhile, unless the scope has no other.
    ///
    /// - Throws: `TargetFailure` if the connection is lost; `Failure` for a value that the query
    ///   itself refuses.
    func run(_ steps: [Step], readingTimes: Bool = false) async throws -> Outcome {
        var rows: [LabRow] = []
        var isReached = false
        let failure = try await attempt {
            let before = try await putNeighbours(of: steps)
            for step in steps { try await carryOut(step, for: segment) }
            rows =
                readingTimes
                ? try await tables.readTimes(segment, session)
                : try await tables.read(segment, session)
            isReached = try await before != tables.read(neighbour, session)
        }
        if let failure { return .refused(failure) }
        return isReached ? .reached : .rows(rows)
    }

    /// Puts the profiles of the steps into the other segment; its rows.
    private func putNeighbours(of steps: [Step]) async throws -> [LabRow] {
        guard !queries.definition.scope.isOneSegment else { return [] }
        var profiles: [SampleProfile] = []
        for profile in steps.flatMap(\.profiles) where !profiles.contains(profile) {
            profiles.append(profile)
        }
        try await carryOut(Step(query: .saveSegment, name: "lab-neighbour"), for: neighbour)
        try await carryOut(adding(profiles, size: 1), for: neighbour)
        return try await tables.read(neighbour, session)
    }

    private func carryOut(_ step: Step, for segment: SegmentID) async throws {
        // What commits by itself, or does what cannot be seen, is not tried.
        guard queries.reasonNotToTry(step.query) == nil else { return }
        for sql in try render(step, for: segment) { _ = try await session.execute(sql) }
    }

    /// Runs `body` and takes back what it did; the refusal of the database, if it was one.
    func attempt(_ body: () async throws -> Void) async throws -> TargetFailure? {
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

    func render(_ step: Step, for segment: SegmentID) throws -> [[UInt8]] {
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

    // MARK: The `members` query

    /// It sees exactly the keys that were added, and none of another segment.
    func members() async throws -> LabGrade {
        var grade = LabGrade(.members, all: .notApplicable)
        let wanted = Set(profiles.map(memberKey))
        var other = profiles[0]
        other.id = "lab-other"
        if let key = queries.definition.memberKey, other.fields[key] != nil {
            other.fields[key] = .text("lab-other")
        }
        let failure = try await attempt {
            try await carryOut(adding(profiles), for: segment)
            if !queries.definition.scope.isOneSegment {
                try await carryOut(adding([other]), for: neighbour)
            }
            var found: Set<String> = []
            for sql in try render(Step(query: .members), for: segment) {
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

    private func memberKey(_ profile: SampleProfile) -> String {
        let key = queries.definition.memberKey ?? "id"
        if key == "id" { return profile.id }
        return String(decoding: profile.fields[key]?.bytes ?? "".utf8, as: UTF8.self)
    }
}

extension CompiledQueries {
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

extension SQLDialect {
    /// A name between the quotes that the database has for it.
    func quoted(_ name: String) -> String {
        let quote = identifierQuote
        return quote + name.replacing(quote, with: quote + quote) + quote
    }
}
