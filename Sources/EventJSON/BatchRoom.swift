internal import SegmentModel

/// Uninitialized room behind a batch's arrays, for a hot loop that fills it without a check and a
/// count for each element.
struct BatchRoom {
    /// Where the rooms start in the batch.
    let firstByte: Int
    let firstField: Int
    let bytes: UnsafeMutablePointer<UInt8>
    let profiles: UnsafeMutablePointer<EventBatch.Profile>
    let fields: UnsafeMutablePointer<EventBatch.Field>
    /// What is filled.
    var byteCount = 0
    var profileCount = 0
    var fieldCount = 0

    /// Writes eight bytes behind what is filled, and leaves it to the caller how many of them
    /// count.
    @inline(__always)
    func put(_ word: UInt64, after skipped: Int = 0) {
        UnsafeMutableRawPointer(bytes + byteCount + skipped).storeBytes(
            of: word.littleEndian, as: UInt64.self)
    }

    /// The run of the batch's bytes from this place of the room to what is filled.
    @inline(__always)
    func slice(from start: Int) -> EventBatch.Slice {
        EventBatch.Slice(
            offset: UInt32(truncatingIfNeeded: firstByte + start),
            count: UInt32(truncatingIfNeeded: byteCount - start))
    }
}

extension EventBatch {
    /// Has `body` fill room for so many elements; what it filled then belongs to the batch.
    mutating func fill(
        byteCount: Int, profileCount: Int, fieldCount: Int, _ body: (inout BatchRoom) -> Void
    ) {
        EventBatch.fill(
            byteCount, profileCount, fieldCount, &bytes, &profiles, &fields, body)
    }

    /// The arrays as parameters of their own: each is changed inside of the other's change.
    private static func fill(
        _ byteCount: Int, _ profileCount: Int, _ fieldCount: Int, _ bytes: inout [UInt8],
        _ profiles: inout [Profile], _ fields: inout [Field], _ body: (inout BatchRoom) -> Void
    ) {
        let (firstByte, firstField) = (bytes.count, fields.count)
        bytes.append(addingCapacity: byteCount) { bytes in
            profiles.append(addingCapacity: profileCount) { profiles in
                fields.append(addingCapacity: fieldCount) { fields in
                    bytes.withUnsafeMutableBufferPointer { bytes, filledBytes in
                        profiles.withUnsafeMutableBufferPointer { profiles, filledProfiles in
                            fields.withUnsafeMutableBufferPointer { fields, filledFields in
                                guard let bytes = bytes.baseAddress,
                                    let profiles = profiles.baseAddress,
                                    let fields = fields.baseAddress
                                else { return }
                                var room = BatchRoom(
                                    firstByte: firstByte, firstField: firstField, bytes: bytes,
                                    profiles: profiles, fields: fields)
                                body(&room)
                                filledBytes = room.byteCount
                                filledProfiles = room.profileCount
                                filledFields = room.fieldCount
                            }
                        }
                    }
                }
            }
        }
    }
}
