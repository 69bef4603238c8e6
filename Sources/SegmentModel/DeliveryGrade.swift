/// What deliveries of an integration guarantee (INV-6), the best first.
package enum DeliveryGrade: String, CaseIterable, Comparable, Sendable {
    /// The lane's cursor moves in the batch's own transaction.
    case exactlyOnce = "exactly-once"
    /// A repeated delivery leaves the same rows, because the target knows it again.
    case effectivelyOnce = "effectively-once"
    /// After a lost reply or a crash a batch is delivered again.
    case atLeastOnce = "at-least-once"

    /// A lesser guarantee is less.
    package static func < (left: DeliveryGrade, right: DeliveryGrade) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int {
        switch self {
        case .exactlyOnce: 2
        case .effectivelyOnce: 1
        case .atLeastOnce: 0
        }
    }
}

/// The body of `grade_recorded`: what an integration's deliveries guarantee from here on.
package struct GradeRecord: Hashable, Sendable {
    package var integration: String
    package var grade: DeliveryGrade
    /// Why it is not the best of its kind, as a sentence; nil: it is.
    package var reason: String?

    package init(integration: String, grade: DeliveryGrade, reason: String? = nil) {
        self.integration = integration
        self.grade = grade
        self.reason = reason
    }
}
