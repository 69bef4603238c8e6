import SQLTemplate
import SegmentModel

extension Rendering {
    /// What queries know in tests that do not care.
    static let scope = RenderScope(
        segmentID: SegmentID(42), segmentName: "VIP", integrationName: "crm",
        eventTime: Timestamp(rawValue: 1_773_309_600_000_000), position: Position(7),
        deliveryID: "d-1")
}
