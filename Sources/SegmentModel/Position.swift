/// An event's gapless number in the ledger, from 0 (INV-2).
package struct Position: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: UInt64

    @inlinable
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    @inlinable
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }

    @inlinable
    package static func < (left: Position, right: Position) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The position `count` events later.
    @inlinable
    package func advanced(by count: Int) -> Position {
        Position(rawValue + UInt64(count))
    }

    /// The event before this one; nil at the ledger's beginning.
    package var predecessor: Position? {
        rawValue == 0 ? nil : Position(rawValue - 1)
    }
}

extension Position: CustomStringConvertible {
    package var description: String { String(rawValue) }
}
