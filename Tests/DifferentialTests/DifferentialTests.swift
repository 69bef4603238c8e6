import ServerTesting
import Testing

/// Random templates on real databases: whatever a value is, the statement around it stays the same,
/// and the value stays what it is.
@Suite("A statement does with hostile values what it does with harmless ones")
struct DifferentialTests {
    @Test(
        "INV-7: random SQL around tags writes values, byte for byte, and nothing else",
        arguments: TestedDatabase.chosen)
    func differential(_ database: TestedDatabase) async throws {
        let seed = Regime.seed
        var regime = try await Regime(database, seed: seed)
        try await regime.run(statementCount: Regime.statementCount)
        print("\(regime.summary), seed \(seed)")
        for finding in regime.findings {
            Issue.record("seed \(seed): \(finding.report)")
        }
        #expect(regime.compiledCount * 10 > regime.generatedCount * 3, "\(regime.summary)")
        #expect(regime.runCount * 10 > regime.compiledCount * 3, "\(regime.summary)")
    }

    @Test(
        "INV-7: what was found once is refused, or the values come back",
        arguments: TestedDatabase.chosen)
    func found(_ database: TestedDatabase) async throws {
        var random = SeededGenerator()
        let pool = ValuePool(random: &random)
        let any = TrialValues(pool, random: &random)
        let trial = Trial(database: database, pool: pool)
        let reader = try await trial.reader()
        for found in FoundCase.all where found.isFor(database) {
            let values = found.trialValues(pool, any)
            if case .differs(let finding) = try await trial.run(found.template, values, in: reader)
            {
                Issue.record("\(finding.report)")
            }
            #expect(try await reader.isWhole(), "\(database): \(found.template.source)")
            // Two names that look alike are two: harmless and hostile values would agree on one.
            guard found.values["composed"] != nil else { continue }
            let sql = try #require(trial.harmless(found.template)).joined()
            for field in ["composed", "decomposed"] {
                let marker = try #require(pool.markers[field]?.first)
                #expect(String(decoding: sql, as: UTF8.self).contains(marker), "\(field)")
            }
        }
        await reader.close()
    }
}
