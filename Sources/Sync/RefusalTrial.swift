internal import Connector

/// Whether a refusal that is called permanent is about the query, or about rows: decided by trying
/// the same query with other rows, in transactions that are taken back.
///
/// A target says the same code of a table that is missing and of one value in a table that is right
/// (a name in a field, a policy, what a trigger raises). Where the query passes with other rows it
/// was about rows; where it fails in the same way with all that are tried it is about the query,
/// and the integration stops.
///
/// Invariants:
/// - pure: no target, no clock;
/// - at most `tryCountMax` tries: both halves of the batch, then single rows spread over it.
struct RefusalTrial: Hashable, Sendable {
    enum Verdict: Hashable, Sendable {
        case aboutRows
        case aboutQuery
    }

    /// What became of a try.
    enum Outcome: Hashable, Sendable {
        case passed
        case refused(TargetFailure.Class, code: String)
    }

    static let tryCountMax = 6

    private let code: String
    private var untried: [Range<Int>]

    /// - Parameters:
    ///   - code: the target's, of the refusal.
    ///   - refused: rows that were refused together: those from 0 on.
    ///   - others: rows behind them that the target has not seen yet.
    init(code: String, refused: Int, others: Int) {
        precondition(refused > 0, "something was refused")
        self.code = code
        guard refused > 1 else {
            untried = (1..<(1 + min(others, Self.tryCountMax))).map { $0..<($0 + 1) }
            return
        }
        let middle = refused / 2
        untried = [middle..<refused, 0..<middle]
        for single in [0, refused - 1, refused / 3, refused * 2 / 3].map({ $0..<($0 + 1) })
        where !untried.contains(single) {
            untried.append(single)
        }
    }

    /// The rows to try next; nil: there are none, and nothing speaks for rows.
    var next: Range<Int>? { untried.first }

    /// Takes in what became of `next`; nil: it goes on.
    mutating func note(_ outcome: Outcome) -> Verdict? {
        precondition(!untried.isEmpty, "a try has an outcome once")
        untried.removeFirst()
        if outcome != .refused(.permanent, code: code) { return .aboutRows }
        return untried.isEmpty ? .aboutQuery : nil
    }
}
