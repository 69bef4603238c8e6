import Foundation
import KindTesting
import SegmentModel
import ServerTesting

/// Tries random templates on one database until enough of them have compiled.
struct Regime {
    /// Statements between two looks at the canary.
    private static let chunkCount = 50
    private static let findingCountMax = 3

    static var statementCount: Int {
        let environment = ProcessInfo.processInfo.environment
        if let given = environment["SEGLEDGER_STATEMENTS"].flatMap({ Int($0) }) { return given }
        return environment["SEGLEDGER_LONG"] == "1" ? 50_000 : 3_000
    }

    /// The given one, or the same each time, so that a commit passes or does not; a long run takes
    /// a new one.
    static var seed: UInt64 {
        let environment = ProcessInfo.processInfo.environment
        let isFree = environment["SEGLEDGER_SEED"] != nil || environment["SEGLEDGER_LONG"] == "1"
        return isFree ? SeededGenerator.seed : 20
    }

    let database: TestedDatabase
    private let trial: Trial
    private let reader: any StatementReader
    private var grammar: TemplateGrammar
    private var random: SeededGenerator
    private var chunk: [(template: TriedTemplate, values: TrialValues)] = []

    private(set) var findings: [Finding] = []
    private(set) var generatedCount = 0
    private(set) var compiledCount = 0
    private(set) var runCount = 0
    private(set) var valueCount = 0

    init(_ database: TestedDatabase, seed: UInt64) async throws {
        self.database = database
        var random = SeededGenerator(seed: seed)
        let pool = ValuePool(random: &random)
        trial = Trial(database: database, pool: pool)
        grammar = TemplateGrammar(rules: database.rules, random: SeededGenerator(seed: seed ^ 1))
        self.random = random
        reader = try await trial.reader()
    }

    mutating func run(statementCount: Int) async throws {
        while compiledCount < statementCount, findings.count < Self.findingCountMax {
            let template = grammar.next()
            // SQL Server loses what is beyond ASCII in a text of the query's own without N.
            guard database.rules.kind != .mssql || template.source.utf8.allSatisfy({ $0 < 0x80 })
            else { continue }
            generatedCount += 1
            let values = TrialValues(trial.pool, random: &random)
            try await take(template, values)
            if chunk.count == Self.chunkCount { try await lookAtCanary() }
        }
        try await lookAtCanary()
        await reader.close()
    }

    private mutating func take(_ template: TriedTemplate, _ values: TrialValues) async throws {
        switch try await trial.run(template, values, in: reader) {
        case .refused: return
        case .unrendered: break
        case .agreed(let isRun, let values):
            runCount += isRun ? 1 : 0
            valueCount += values
        case .differs(let finding):
            var shrinker = Shrinker(trial, reader, finding)
            let shrunk = try await shrinker.run()
            findings.append(shrunk)
            if try await !reader.isWhole() { try await reader.makeTables() }
        }
        compiledCount += 1
        chunk.append((template, values))
    }

    /// Where it is touched, the statements of the chunk run once more, one by one.
    private mutating func lookAtCanary() async throws {
        defer { chunk = [] }
        guard try await !reader.isWhole() else { return }
        try await reader.makeTables()
        for (template, values) in chunk {
            _ = try await trial.run(template, values, in: reader)
            guard try await !reader.isWhole() else { continue }
            findings.append(
                Finding(
                    database: database, template: template, values: values,
                    problem: "a table or a setting that no statement may touch was changed",
                    sql: ("", "")))
            return try await reader.makeTables()
        }
        throw ServerProblem(description: "\(database): the canary died, and not of one statement")
    }

    var summary: String {
        let percent = generatedCount == 0 ? 0 : compiledCount * 100 / generatedCount
        return "\(database): \(compiledCount) statements of \(generatedCount) templates (\(percent)"
            + "%), \(runCount) ran, \(valueCount) values compared"
    }
}
