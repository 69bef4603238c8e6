internal import SegmentModel

/// Which keys an event of one kind needs and may have, as sets: a check that allocates nothing.
struct EventKeyRule {
    private let required: EventKeySet
    private let allowed: EventKeySet
    private let oneOf: EventKeySet?

    /// Of the kinds that come from outside, by raw value.
    private static let rules = (0...EventKind.profilesUpdated.rawValue).map { number in
        EventKind(rawValue: number).map(EventKeyRule.init)
    }
    static let descriptive = EventKeySet(EventKey.descriptive)

    private init(_ kind: EventKind) {
        required = EventKeySet(EventKey.required(by: kind))
        allowed = EventKeySet(EventKey.required(by: kind) + EventKey.optional(for: kind))
        oneOf = kind == .segmentUpdated ? EventKeyRule.descriptive : nil
    }

    /// Whether an event of this platform kind keeps its rule with the keys that it gives.
    static func isKept(by given: EventKeySet, of kind: EventKind) -> Bool {
        guard let rule = rules[Int(kind.rawValue)] else {
            preconditionFailure("\(kind) is no platform event")
        }
        return rule.required.isSubset(of: given) && given.isSubset(of: rule.allowed)
            && rule.oneOf.map { !given.isDisjoint(with: $0) } ?? true
    }
}
