package import Projection
package import SegmentModel

/// An event with its content as it was meant.
package struct ModelEvent: Sendable {
    package enum Content: Sendable {
        case none
        case description(SegmentDescription)
        case configuration(SystemEventDecoder.IntegrationChanges)
        case integration(String)
        case receipt(Receipt)
        case request(ResyncRequest)
        case result(ResyncResult)
        case lane(LaneKey)
        case parked(ParkedChange)
        case selection(ParkedSelection)
        case start(DeliveryStart)
        case adoption(LaneAdoption)
        case grade(GradeRecord)
    }

    package struct Change: Sendable {
        package var ordinal: UInt32
        /// Name numbers ascend.
        package var fields: [(name: UInt32, value: FieldValue)]

        package init(ordinal: UInt32, fields: [(name: UInt32, value: FieldValue)] = []) {
            self.ordinal = ordinal
            self.fields = fields
        }
    }

    package var kind: EventKind
    package var segment: SegmentID
    /// Ordinals ascend.
    package var changes: [Change]
    package var content: Content

    package init(
        kind: EventKind, segment: SegmentID = SegmentID(0), changes: [Change] = [],
        content: Content = .none
    ) {
        self.kind = kind
        self.segment = segment
        self.changes = changes
        self.content = content
    }
}
