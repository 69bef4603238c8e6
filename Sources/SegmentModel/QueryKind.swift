/// The operator's queries of an integration, by the name that the configuration uses.
package enum QueryKind: String, CaseIterable, Sendable {
    case addProfiles = "add_profiles"
    case removeProfiles = "remove_profiles"
    case clearSegment = "clear_segment"
    case saveSegment = "save_segment"
    case deleteSegment = "delete_segment"
    /// Reads the target's rows of a segment, for repair and verification.
    case members

    package var isMandatory: Bool { self == .addProfiles || self == .removeProfiles }

    /// Rendered for a batch of profiles.
    package var hasBatch: Bool { self == .addProfiles || self == .removeProfiles }
}
