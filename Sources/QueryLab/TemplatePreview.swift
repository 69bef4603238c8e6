package import Ledger
package import Projection
package import SQLTemplate
package import SegmentModel

/// Profiles and names from the ledger, for looking at a query before it is used.
package struct TemplatePreview: Sendable {
    package let scope: RenderScope
    package let profiles: [SampleProfile]

    package init(scope: RenderScope, profiles: [SampleProfile]) {
        self.scope = scope
        self.profiles = profiles
    }

    /// The first `limit` members of a segment in the order of the ledger's ordinals, as they are
    /// now.
    ///
    /// - Throws: `notFound` for a segment that the ledger has never seen.
    package static func members(
        of segment: SegmentID, limit: Int, integration: String, ledger: any Ledger,
        store: ProjectionStore
    ) async throws -> TemplatePreview {
        let (row, profiles) = try await store.read {
            reader -> (SegmentRow?, [SampleProfile]) in
            var profiles: [SampleProfile] = []
            for ordinal in try reader.members(of: segment).ordinals.prefix(limit) {
                let profile = ProfileOrdinal(ordinal)
                var fields: [ExactText: FieldValue] = [:]
                for (name, value) in try reader.fields(of: profile) {
                    fields[ledger.fieldName(name)] = value
                }
                profiles.append(SampleProfile(id: ledger.profileID(of: profile), fields: fields))
            }
            return (try reader.segment(segment), profiles)
        }
        guard let row else {
            throw Failure(
                .notFound, "the ledger has never seen segment \(segment)",
                hint: "'segledger audit log' shows which segments there are")
        }
        let scope = RenderScope(
            segmentID: segment, segmentName: row.name, integrationName: integration,
            eventTime: row.updatedAt, position: row.lastPosition, deliveryID: "preview")
        return TemplatePreview(scope: scope, profiles: profiles)
    }
}
