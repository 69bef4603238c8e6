/// The platform's number of a segment; any 64-bit integer.
package struct SegmentID: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: Int64

    @inlinable
    package init(rawValue: Int64) { self.rawValue = rawValue }

    @inlinable
    package init(_ rawValue: Int64) { self.rawValue = rawValue }

    @inlinable
    package static func < (left: SegmentID, right: SegmentID) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension SegmentID: CustomStringConvertible {
    package var description: String { String(rawValue) }
}
