/// A profile's dense number, given out in ledger order from 0. The ledger alone rebuilds the
/// mapping between profile ids and ordinals. At most 2^32 profiles.
package struct ProfileOrdinal: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: UInt32

    @inlinable
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    @inlinable
    package init(_ rawValue: UInt32) { self.rawValue = rawValue }

    @inlinable
    package static func < (left: ProfileOrdinal, right: ProfileOrdinal) -> Bool {
        left.rawValue < right.rawValue
    }
}
