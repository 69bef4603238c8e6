import SQLTemplate
import SegmentModel

/// A statement that does another thing with hostile values than with harmless ones.
struct Finding {
    var database: TestedDatabase
    var template: TriedTemplate
    var values: TrialValues
    var problem: String
    /// What was sent, with harmless values and with hostile ones.
    var sql: (harmless: String, hostile: String)

    var report: String {
        """
        \(database): \(problem)
          template \(template.frame): \(template.source.debugDescription)
          harmless: \(sql.harmless.debugDescription)
          hostile:  \(sql.hostile.debugDescription)
        """
    }
}

/// One template with two sets of values.
struct Trial {
    enum Verdict {
        /// Not compiled.
        case refused
        /// The values could not be rendered.
        case unrendered
        /// `isRun`: the database ran it. `valueCount`: values that were compared.
        case agreed(isRun: Bool, valueCount: Int)
        case differs(Finding)
    }

    let database: TestedDatabase
    let pool: ValuePool

    /// What reads the statements: a connection of its own, or a tokenizer.
    func reader() async throws -> any StatementReader {
        switch database.reader {
        case .tokens: TokenReader(database.rules)
        default: try await Laboratory(database, pool)
        }
    }

    func run(
        _ template: TriedTemplate, _ values: TrialValues, in reader: any StatementReader
    ) async throws -> Verdict {
        guard let compiled = template.compiled(for: database.rules) else { return .refused }
        let harmless = Self.statements(
            compiled, Members(pool.markers, segmentName: pool.segmentName), template)
        let hostile = Self.statements(
            compiled, Members(values.hostile, segmentName: values.segmentName), template)
        guard let harmless, let hostile else { return .unrendered }
        let first = try await reader.outcome(of: harmless, template.frame)
        let second = try await reader.outcome(of: hostile, template.frame)
        var judgement = Judgement(
            database, template, Substitution(template.source, pool, values))
        if let problem = judgement.problem(first, second) {
            func text(_ statements: [[UInt8]]) -> String {
                statements.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
            }
            return .differs(
                Finding(
                    database: database, template: template, values: values, problem: problem,
                    sql: (text(harmless), text(hostile))))
        }
        var isRun = false
        if case .rows = first { isRun = true }
        return .agreed(isRun: isRun, valueCount: judgement.valueCount)
    }

    /// What is sent with harmless values; nil: it does not compile, or cannot be rendered.
    func harmless(_ template: TriedTemplate) -> [[UInt8]]? {
        guard let compiled = template.compiled(for: database.rules) else { return nil }
        return Self.statements(
            compiled, Members(pool.markers, segmentName: pool.segmentName), template)
    }

    /// nil where a value cannot be rendered.
    private static func statements(
        _ compiled: CompiledTemplate, _ members: Members, _ template: TriedTemplate
    ) -> [[UInt8]]? {
        guard template.frame == .single else {
            return (try? compiled.render(members.profiles, members.scope)).map { [$0] }
        }
        return try? members.profiles.map { try compiled.render([$0], members.scope) }
    }
}
