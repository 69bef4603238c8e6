package import Connector
package import SQLTemplate
internal import SegmentModel

/// Asks a live database whether it can parse a query, with values of each kind that a field can
/// hold. Nothing is run, and every question is rolled back.
package struct ParseCheck: Sendable {
    /// What a field of the made-up profiles holds, and what that is called.
    private static let kinds: [(name: String, value: FieldValue?)] = [
        ("a text", .text("lab")), ("a number", .number("7")), ("true", .boolean(true)),
        ("a list", .json("[1]")), ("nothing", nil),
    ]

    private let dialect: SQLDialect
    private let session: any TargetSession
    private let question: ParseQuestion

    package init(_ dialect: SQLDialect, _ session: any TargetSession) {
        self.dialect = dialect
        self.session = session
        question = ParseQuestion(dialect)
    }

    /// An error where the database refuses the query whatever its fields hold; a warning for each
    /// kind of value that it alone refuses, and that would stop an integration.
    ///
    /// - Throws: `TargetFailure` if the connection is lost.
    package func diagnostics(
        _ template: CompiledTemplate, for use: QueryUse, source: String
    ) async throws -> [TemplateDiagnostic] {
        var refusals: [(kind: String, TargetFailure)] = []
        var isRead = false
        let vocabulary = QueryVocabulary([template])
        for (name, value) in Self.kinds {
            guard let sql = rendered(template, use, value) else { continue }
            if let failure = try await refusal(of: sql) {
                refusals.append((name, failure.told(in: vocabulary)))
            } else {
                isRead = true
            }
            // The others would say the same.
            if template.fieldNames.allSatisfy({ $0 == "id" }) { break }
        }
        let place = template.statements.first?.table.first?.offset ?? 0
        guard isRead else {
            guard let (_, failure) = refusals.first else { return [] }
            return [
                TemplateDiagnostic(
                    .error, at: place, in: source, rule: "parse",
                    message: "the database refuses this query: \(failure.message)",
                    hint: failure.hint ?? "correct it, and check it again")
            ]
        }
        return refusals.filter { $0.1.class == .permanent }.map { kind, failure in
            TemplateDiagnostic(
                .warning, at: place, in: source, rule: "parse",
                message: "where a field holds \(kind), the database refuses this query: "
                    + failure.message,
                hint: "write the tag in quotes, '{…}', or convert it to what the column takes")
        }
    }

    /// The query for two profiles whose fields all hold this; nil: it cannot be rendered so.
    private func rendered(
        _ template: CompiledTemplate, _ use: QueryUse, _ value: FieldValue?
    ) -> [UInt8]? {
        let scope = RenderScope(
            segmentID: SegmentID(1), segmentName: "lab", integrationName: "lab",
            eventTime: Timestamp(rawValue: 1_767_225_600_000_000), position: Position(0),
            deliveryID: "lab")
        var profiles = [SampleProfile(id: "lab-1"), SampleProfile(id: "lab-2")]
        for index in profiles.indices {
            for name in template.fieldNames where name != "id" {
                profiles[index].fields[name] = value
            }
        }
        let count = use.query.hasBatch ? use.batch == .individual ? 1 : 2 : 0
        do throws(RenderFailure) {
            return try template.render(Array(profiles.prefix(count)), scope)
        } catch {
            return nil
        }
    }

    private func refusal(of sql: [UInt8]) async throws -> TargetFailure? {
        for range in dialect.statements(in: sql) {
            try await session.begin()
            let refusal = try await question.refusal(of: Array(sql[range]), in: session)
            try await session.rollback()
            if let refusal { return refusal }
        }
        return nil
    }
}
