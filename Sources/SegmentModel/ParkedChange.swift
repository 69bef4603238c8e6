/// The body of `change_parked`: a change that is set aside at a lane, because the target refuses it
/// or because an earlier change of its profile is set aside there. Holds no profile value (INV-10).
package struct ParkedChange: Hashable, Sendable {
    package enum Reason: String, CaseIterable, Sendable {
        /// The target refuses it.
        case refused
        /// It waits behind a change of the same profile, so that their order is kept.
        case held
    }

    package var lane: LaneKey
    package var profile: ProfileOrdinal
    /// The platform's event that the change is part of.
    package var position: Position
    /// `add_profiles` or `remove_profiles`.
    package var query: QueryKind
    package var reason: Reason
    /// How often it was tried by itself; 0: never.
    package var attempt: Int
    /// As a receipt has them.
    package var errorCode: String?
    package var targetCode: String?
    package var errorMessage: String?
    package var errorHint: String?

    package init(
        lane: LaneKey, profile: ProfileOrdinal, position: Position, query: QueryKind,
        reason: Reason, attempt: Int = 0, errorCode: String? = nil, targetCode: String? = nil,
        errorMessage: String? = nil, errorHint: String? = nil
    ) {
        self.lane = lane
        self.profile = profile
        self.position = position
        self.query = query
        self.reason = reason
        self.attempt = attempt
        self.errorCode = errorCode
        self.targetCode = targetCode
        self.errorMessage = errorMessage
        self.errorHint = errorHint
    }
}

/// The body of `redrive_requested` and `parked_discarded`: which parked changes of an integration.
package struct ParkedSelection: Hashable, Sendable {
    package var integration: String
    /// nil: of every segment.
    package var segment: SegmentID?
    /// nil: of every profile.
    package var profile: ProfileOrdinal?

    package init(integration: String, segment: SegmentID? = nil, profile: ProfileOrdinal? = nil) {
        self.integration = integration
        self.segment = segment
        self.profile = profile
    }
}

/// The body of `delivery_started`: written before a delivery of which the lane's row in the target
/// cannot tell later whether it took place. After a crash or a lost reply just this delivery is
/// looked for or repeated, and not one cut otherwise.
package struct DeliveryStart: Hashable, Sendable {
    package var lane: LaneKey
    /// Where the lane stands once it is delivered.
    package var cursor: LaneCursor
    /// Profiles of one delivery at most: all full ones from the last receipt's cursor to `cursor`
    /// may have begun. nil: as the integration has it.
    package var size: Int?
    /// The `change_parked` event whose change is tried again.
    package var parked: Position?

    package init(
        lane: LaneKey, cursor: LaneCursor, size: Int? = nil, parked: Position? = nil
    ) {
        self.lane = lane
        self.cursor = cursor
        self.size = size
        self.parked = parked
    }
}
