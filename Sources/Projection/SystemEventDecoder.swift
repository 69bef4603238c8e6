package import SegmentModel

/// Reads the JSON bodies of events: the seam to the modules that know their grammar.
///
/// The bytes are valid during the call only. A decoder may throw; the fold that called it then
/// changes nothing.
package struct SystemEventDecoder: Sendable {
    package typealias Bytes = UnsafeRawBufferPointer

    /// What an applied configuration says of integrations.
    package struct IntegrationChanges: Hashable, Sendable {
        package struct Setting: Hashable, Sendable {
            package var name: String
            /// nil: as it was; a new one is active.
            package var isActive: Bool?
            package var fields: RowFields

            package init(name: String, isActive: Bool?, fields: RowFields = RowFields()) {
                self.name = name
                self.isActive = isActive
                self.fields = fields
            }
        }

        /// Integrations that are new or changed.
        package var set: [Setting]
        package var removed: [String]

        package init(set: [Setting], removed: [String]) {
            self.set = set
            self.removed = removed
        }
    }

    package var description: @Sendable (Bytes) throws -> SegmentDescription
    package var configuration: @Sendable (Bytes) throws -> IntegrationChanges
    /// The integration that `integration_paused` and `integration_resumed` name.
    package var integrationName: @Sendable (Bytes) throws -> String
    package var receipt: @Sendable (Bytes) throws -> Receipt
    package var resyncRequest: @Sendable (Bytes) throws -> ResyncRequest
    package var resyncResult: @Sendable (Bytes) throws -> ResyncResult
    /// The lane that `lane_left` names.
    package var lane: @Sendable (Bytes) throws -> LaneKey
    package var parkedChange: @Sendable (Bytes) throws -> ParkedChange
    /// Which changes `redrive_requested` and `parked_discarded` mean.
    package var parkedSelection: @Sendable (Bytes) throws -> ParkedSelection
    package var deliveryStart: @Sendable (Bytes) throws -> DeliveryStart
    package var adoption: @Sendable (Bytes) throws -> LaneAdoption
    package var grade: @Sendable (Bytes) throws -> GradeRecord

    package init(
        description: @escaping @Sendable (Bytes) throws -> SegmentDescription,
        configuration: @escaping @Sendable (Bytes) throws -> IntegrationChanges,
        integrationName: @escaping @Sendable (Bytes) throws -> String,
        receipt: @escaping @Sendable (Bytes) throws -> Receipt,
        resyncRequest: @escaping @Sendable (Bytes) throws -> ResyncRequest,
        resyncResult: @escaping @Sendable (Bytes) throws -> ResyncResult,
        lane: @escaping @Sendable (Bytes) throws -> LaneKey,
        parkedChange: @escaping @Sendable (Bytes) throws -> ParkedChange,
        parkedSelection: @escaping @Sendable (Bytes) throws -> ParkedSelection,
        deliveryStart: @escaping @Sendable (Bytes) throws -> DeliveryStart,
        adoption: @escaping @Sendable (Bytes) throws -> LaneAdoption,
        grade: @escaping @Sendable (Bytes) throws -> GradeRecord
    ) {
        self.description = description
        self.configuration = configuration
        self.integrationName = integrationName
        self.receipt = receipt
        self.resyncRequest = resyncRequest
        self.resyncResult = resyncResult
        self.lane = lane
        self.parkedChange = parkedChange
        self.parkedSelection = parkedSelection
        self.deliveryStart = deliveryStart
        self.adoption = adoption
        self.grade = grade
    }
}
