package import Connector
package import SQLTemplate
internal import SegmentModel

/// How a database behind ODBC is asked what a commit into its tables is worth.
package struct ODBCGradeQuestions: Sendable {
    /// Returns a row for each of these tables: its name, and a word that may be a flaw's.
    package var tables: @Sendable (_ tables: [[QueryStatement.Name]]) -> String
    /// The same of settings.
    package var settings: String?
    /// What the words stand for.
    var flaws: [String: Flaw]

    /// `{name}` stands for the name.
    package struct Flaw: Sendable {
        let effect: GradeFacts.Effect
        let reason: String
        let hint: String

        package init(_ effect: GradeFacts.Effect, _ reason: String, hint: String) {
            self.effect = effect
            self.reason = reason
            self.hint = hint
        }
    }

    package init(
        tables: @escaping @Sendable ([[QueryStatement.Name]]) -> String, settings: String? = nil,
        flaws: [String: Flaw]
    ) {
        self.tables = tables
        self.settings = settings
        self.flaws = flaws
    }
}

extension ODBCConnection {
    /// What may not be asked is not known, and nothing is said of it.
    func gradeFacts(of tables: GradeFacts.Tables) throws(TargetFailure) -> GradeFacts {
        guard let questions = dialect.gradeQuestions else { return GradeFacts() }
        var flaws: [GradeFacts.Flaw] = []
        let all = tables.written.isEmpty ? nil : questions.tables(tables.written)
        let asked = [(all, false), (questions.settings, true)]
        for case (let question?, let isSetting) in asked {
            do throws(TargetFailure) {
                for row in try ODBCExchange(self).run(question).rows where row.count == 2 {
                    guard let name = row[0], let word = row[1], let flaw = questions.flaws[word]
                    else { continue }
                    flaws.append(
                        GradeFacts.Flaw(
                            flaw.effect, flaw.reason.replacing("{name}", with: name),
                            hint: flaw.hint.replacing("{name}", with: name), isSetting: isSetting))
                }
            } catch {
                guard error.isRightMissing, !error.isConnectionLost else { throw error }
            }
        }
        return GradeFacts(flaws: flaws)
    }
}
