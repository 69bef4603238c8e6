package import SQLTemplate

/// What a target does with what deliveries write, beyond the right to keep `segledger_cursor`: the
/// engines of tables, and how lasting a commit is.
///
/// A flaw that is about a table is found by the table that a query names; a view stands for the
/// tables behind it. A table that is not there has none: its query says so itself.
package struct GradeFacts: Hashable, Sendable {
    /// The tables that queries write, as they name them.
    package struct Tables: Hashable, Sendable {
        package var written: [[QueryStatement.Name]]
        /// Those among them that are inserted into.
        package var inserted: [[QueryStatement.Name]]

        package init(_ statements: [QueryStatement]) {
            func tables(_ isMeant: (QueryStatement) -> Bool) -> [[QueryStatement.Name]] {
                var found: [[QueryStatement.Name]] = []
                for statement in statements where !statement.table.isEmpty && isMeant(statement) {
                    let isKnown = found.contains { $0.map(\.text) == statement.table.map(\.text) }
                    if !isKnown { found.append(statement.table) }
                }
                return found
            }
            written = tables { $0.verb != "SELECT" }
            inserted = tables { $0.verb == "INSERT" }
        }
    }

    package enum Effect: String, CaseIterable, Hashable, Sendable {
        /// What is written is not taken back with the transaction, nor committed with it.
        case outsideTransaction
        /// A crash of the server takes back what it has acknowledged.
        case lostInCrash
        /// Only a crash of the machine does, and the cursor goes back with the rows: it is told,
        /// and noticed when it happens.
        case lostWithMachine

        package var consequence: String {
            switch self {
            case .outsideTransaction: "a delivery that fails or is cut off can stay in part"
            case .lostInCrash: "a crash of the server takes back what it has acknowledged"
            case .lostWithMachine: "a crash of the machine takes back what it has acknowledged"
            }
        }

        /// The worst is 0.
        package var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    package struct Flaw: Hashable, Sendable {
        package var effect: Effect
        /// A sentence; names come from the operator's query or from the database's own catalog.
        package var reason: String
        package var hint: String
        /// It is the server's or the database's own, not one of a table's.
        package var isSetting: Bool

        package init(
            _ effect: Effect, _ reason: String, hint: String, isSetting: Bool = false
        ) {
            self.effect = effect
            self.reason = reason
            self.hint = hint
            self.isSetting = isSetting
        }

        /// What follows from it, why, and what to run about it.
        package var sentence: String { "\(effect.consequence): \(reason) (\(hint))" }
    }

    /// What becomes of blocks that come twice, for each inserted table; only of targets without
    /// transactions.
    package var repeats: [RepeatedBlocks]
    package var flaws: [Flaw]

    package init(repeats: [RepeatedBlocks] = [], flaws: [Flaw] = []) {
        self.repeats = repeats
        self.flaws = flaws
    }

    package var worst: Flaw? { flaws.min { $0.effect.rank < $1.effect.rank } }
}
