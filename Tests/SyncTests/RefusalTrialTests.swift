import Connector
import Testing

@testable import Sync

/// A world of rows of which some are bad, or of a query that is: what the trial says of it.
@Suite("Whether a refusal is about the query or about rows")
struct RefusalTrialTests {
    private func verdict(
        count: Int, bad: Set<Int>, others: Int = 0
    ) -> (RefusalTrial.Verdict, tries: Int) {
        var trial = RefusalTrial(code: "42804", refused: count, others: others)
        var tries = 0
        while let range = trial.next {
            tries += 1
            let isRefused = range.contains { bad.contains($0) }
            let outcome =
                isRefused ? .refused(.permanent, code: "42804") : RefusalTrial.Outcome.passed
            if let verdict = trial.note(outcome) { return (verdict, tries) }
        }
        return (.aboutQuery, tries)
    }

    @Test("One bad row of any number, wherever it is, is about rows: found in two tries")
    func oneBad() {
        for count in 2...40 {
            for bad in 0..<count {
                let found = verdict(count: count, bad: [bad])
                #expect(found.0 == .aboutRows && found.tries <= 2, "\(bad) of \(count)")
            }
        }
    }

    @Test("What no row passes is about the query, in few tries")
    func allBad() {
        for count in 1...40 {
            for others in [0, 1, 3, 100] {
                let found = verdict(
                    count: count, bad: Set(0..<(count + others)), others: others)
                #expect(found.0 == .aboutQuery)
                #expect(found.tries <= RefusalTrial.tryCountMax)
            }
        }
    }

    @Test("A bad row in each half stops nothing, unless they are everywhere")
    func fewBad() {
        #expect(verdict(count: 100, bad: [3, 71]).0 == .aboutRows)
        #expect(verdict(count: 100, bad: [0, 99]).0 == .aboutRows)
        #expect(verdict(count: 4, bad: [0, 3]).0 == .aboutRows)
        #expect(verdict(count: 3, bad: [0, 1, 2]).0 == .aboutQuery)
    }

    @Test("A single row is compared with those behind it; without any, the query stops")
    func single() {
        #expect(verdict(count: 1, bad: [0], others: 1).0 == .aboutRows)
        #expect(verdict(count: 1, bad: [0, 1], others: 2).0 == .aboutRows)
        #expect(verdict(count: 1, bad: [0], others: 0).0 == .aboutQuery)
    }

    @Test("Another refusal than the first is about rows")
    func otherRefusal() {
        for outcome in [
            RefusalTrial.Outcome.refused(.values, code: "22P02"),
            .refused(.permanent, code: "42883"), .passed,
        ] {
            var trial = RefusalTrial(code: "42804", refused: 8, others: 0)
            #expect(trial.note(outcome) == .aboutRows)
        }
    }
}
