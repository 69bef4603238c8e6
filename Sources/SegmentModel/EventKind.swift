/// What an event says. The raw value is the byte in the ledger: never change one.
///
/// Platform events come from outside; system events are appended by Segledger itself. Ledger time
/// is made of platform events alone (docs/decisions/0002).
package enum EventKind: UInt8, CaseIterable, Sendable {
    case segmentCreated = 1
    case segmentUpdated = 2
    case profilesAdded = 3
    case profilesRemoved = 4
    case segmentCleared = 5
    case segmentDeleted = 6
    case profilesUpdated = 7

    case configurationApplied = 32
    case integrationPaused = 33
    case integrationResumed = 34
    case deliveryRecorded = 35
    case resyncRequested = 36
    case resyncFinished = 37
    case laneLeft = 38
    case changeParked = 39
    case redriveRequested = 40
    case parkedDiscarded = 41
    case deliveryStarted = 42
    case gradeRecorded = 43
    case laneAdopted = 44

    /// The event's `type` in NDJSON and JSON.
    package var name: String {
        switch self {
        case .segmentCreated: "segment_created"
        case .segmentUpdated: "segment_updated"
        case .profilesAdded: "profiles_added"
        case .profilesRemoved: "profiles_removed"
        case .segmentCleared: "segment_cleared"
        case .segmentDeleted: "segment_deleted"
        case .profilesUpdated: "profiles_updated"
        case .configurationApplied: "configuration_applied"
        case .integrationPaused: "integration_paused"
        case .integrationResumed: "integration_resumed"
        case .deliveryRecorded: "delivery_recorded"
        case .resyncRequested: "resync_requested"
        case .resyncFinished: "resync_finished"
        case .laneLeft: "lane_left"
        case .changeParked: "change_parked"
        case .redriveRequested: "redrive_requested"
        case .parkedDiscarded: "parked_discarded"
        case .deliveryStarted: "delivery_started"
        case .gradeRecorded: "grade_recorded"
        case .laneAdopted: "lane_adopted"
        }
    }

    package init?(name: String) {
        guard let kind = EventKind.allCases.first(where: { $0.name == name }) else { return nil }
        self = kind
    }

    /// Appended by Segledger itself, not by the platform.
    @inlinable
    package var isSystem: Bool { rawValue >= 32 }

    /// Carries a segment id.
    @inlinable
    package var hasSegment: Bool { rawValue <= 6 }

    /// Carries profiles.
    @inlinable
    package var hasProfiles: Bool {
        self == .profilesAdded || self == .profilesRemoved || self == .profilesUpdated
    }
}
