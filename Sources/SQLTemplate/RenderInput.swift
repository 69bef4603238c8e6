package import SegmentModel

/// The values of one rendering, flat: `CompiledTemplate.fieldNames` says which field each slot is,
/// and a row is one profile of the batch. Filled once per batch, reused.
package struct RenderRows: Sendable {
    /// One field of one profile. `isMissing`: the profile has no such field.
    package struct Value: Sendable {
        package var isMissing: Bool
        package var kind: FieldKind
        package var bytes: EventBatch.Slice

        @inlinable
        package init(kind: FieldKind, bytes: EventBatch.Slice) {
            isMissing = false
            self.kind = kind
            self.bytes = bytes
        }

        @inlinable
        package init() {
            isMissing = true
            kind = .null
            bytes = .empty
        }
    }

    /// What `Value.bytes` points into.
    package var bytes: [UInt8] = []
    /// Row by row: `rowCount * slotCount` values.
    package var values: [Value] = []
    package var rowCount = 0
    /// `CompiledTemplate.fieldNames.count`.
    package var slotCount: Int

    package init(slotCount: Int) {
        self.slotCount = slotCount
    }

    func withPointers<Result>(
        _ body: (
            UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<Value>
        ) throws(RenderFailure) -> Result
    ) throws(RenderFailure) -> Result {
        try bytes.withUnsafeBufferPointer { bytes throws(RenderFailure) in
            try values.withUnsafeBufferPointer { values throws(RenderFailure) in
                try body(bytes, values)
            }
        }
    }

    /// Forgets the rows and keeps the memory.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        rowCount = 0
    }
}

/// What a query knows beside the profiles.
package struct RenderScope: Sendable {
    package var segmentID: SegmentID
    package var segmentName: String
    package var integrationName: String
    /// Time and position of the batch's last event.
    package var eventTime: Timestamp
    package var position: Position
    /// The same for every try of one delivery.
    package var deliveryID: String

    package init(
        segmentID: SegmentID, segmentName: String, integrationName: String, eventTime: Timestamp,
        position: Position, deliveryID: String
    ) {
        self.segmentID = segmentID
        self.segmentName = segmentName
        self.integrationName = integrationName
        self.eventTime = eventTime
        self.position = position
        self.deliveryID = deliveryID
    }
}
