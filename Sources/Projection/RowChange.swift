package import SegmentModel

/// An event that changed fields, which rows follow, of profiles who were members of a segment by
/// then. The event may be another segment's, or nobody's.
package struct RowChange: Hashable, Sendable {
    package var position: Position
    /// Ledger time.
    package var time: Timestamp
    package var recordedAt: Timestamp
    /// Numbers of the names of the fields, ascending.
    package var names: [UInt32]
    /// Ordinals, ascending. Not each has a change of every name.
    package var profiles: [UInt32]

    package init(
        position: Position, time: Timestamp, recordedAt: Timestamp, names: [UInt32],
        profiles: [UInt32]
    ) {
        self.position = position
        self.time = time
        self.recordedAt = recordedAt
        self.names = names
        self.profiles = profiles
    }
}

/// Ascending numbers as a row holds them: the distance of each to the one before, as varints.
enum AscendingNumbers {
    static func encode(_ numbers: [UInt32]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(numbers.count * 2)
        var last: UInt32 = 0
        for number in numbers {
            Varint.append(UInt64(number - last), to: &bytes)
            last = number
        }
        return bytes
    }

    /// - Throws: `projectionInvalid` for bytes that are none.
    static func decode(_ bytes: UnsafeRawBufferPointer) throws -> [UInt32] {
        var numbers: [UInt32] = []
        var (index, last) = (0, UInt64(0))
        while index < bytes.count {
            guard let step = Varint.read(bytes, &index), step <= UInt64(UInt32.max) - last else {
                throw Failure(
                    .projectionInvalid, "a row of row_change is damaged", hint: Failure.rebuildHint)
            }
            last += step
            numbers.append(UInt32(last))
        }
        return numbers
    }
}
