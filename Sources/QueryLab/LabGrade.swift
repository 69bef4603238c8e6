package import SegmentModel

/// What the lab found out about one query.
package struct LabGrade: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        case safe
        case unsafe(String)
        /// Not tried, or not to be told.
        case unknown(String)
        /// The question makes no sense for this query.
        case notApplicable

        package var word: String {
            switch self {
            case .safe: "yes"
            case .unsafe: "NO"
            case .unknown: "unknown"
            case .notApplicable: "-"
            }
        }

        package var reason: String? {
            switch self {
            case .unsafe(let reason), .unknown(let reason): reason
            case .safe, .notApplicable: nil
            }
        }
    }

    package var query: QueryKind
    /// It does what it is for: its rows are there, or gone.
    package var works: Verdict
    /// A second run changes nothing.
    package var isRepeatSafe: Verdict
    /// In one query or in several, in this order or another: the same rows.
    package var isOrderSafe: Verdict
    /// Every value is stored as it is.
    package var isValueSafe: Verdict
    /// What is worth knowing and no fault.
    package var notes: [String] = []

    package init(_ query: QueryKind, all verdict: Verdict) {
        self.query = query
        works = verdict
        isRepeatSafe = verdict
        isOrderSafe = verdict
        isValueSafe = verdict
    }

    package var verdicts: [Verdict] { [works, isRepeatSafe, isOrderSafe, isValueSafe] }

    package var isUnsafe: Bool {
        verdicts.contains { if case .unsafe = $0 { true } else { false } }
    }
}
