package import SegmentModel

/// The fields of profiles whose changes an integration's rows follow.
package struct RowFields: Hashable, Sendable {
    /// What `remove_profiles` reads, the profile's id aside.
    package var key: [ExactText]
    /// What else the rows follow.
    package var others: [ExactText]
    /// Several profiles may have one row: the key is made of fields alone.
    package var hasSharedKey: Bool
    /// Lanes may deliver what was before the integration was applied.
    package var startsAtBeginning: Bool

    package init(
        key: [ExactText] = [], others: [ExactText] = [], hasSharedKey: Bool = false,
        startsAtBeginning: Bool = false
    ) {
        self.key = key
        self.others = others
        self.hasSharedKey = hasSharedKey
        self.startsAtBeginning = startsAtBeginning
    }

    package var all: [ExactText] { key + others }

    /// The key's fields, in the order in which a `RowKey` has their values.
    package var orderedKey: [ExactText] { Set(key).sorted() }
}
