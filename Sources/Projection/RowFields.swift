package import SegmentModel

/// The fields of profiles whose changes an integration's rows follow.
package struct RowFields: Hashable, Sendable {
    /// What `remove_profiles` reads, the profile's id aside.
    package var key: [ExactText]
    /// What else the rows follow.
    package var others: [ExactText]

    package init(key: [ExactText] = [], others: [ExactText] = []) {
        self.key = key
        self.others = others
    }

    package var all: [ExactText] { key + others }
}
