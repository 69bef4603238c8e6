package import SegmentModel

/// A profile for rendering outside of delivery: previews, the lab, tests.
package struct SampleProfile: Hashable, Sendable {
    package var id: String
    package var fields: [ExactText: FieldValue]

    package init(id: String, fields: [ExactText: FieldValue] = [:]) {
        self.id = id
        self.fields = fields
    }
}

extension CompiledTemplate {
    /// The query for these profiles; for none of them if it has no batch.
    package func render(
        _ profiles: [SampleProfile], _ scope: RenderScope
    ) throws(RenderFailure) -> [UInt8] {
        var rows = RenderRows(slotCount: fieldNames.count)
        rows.rowCount = profiles.count
        for profile in profiles {
            for (slot, name) in fieldKeys.enumerated() {
                let value =
                    slot == profileIDSlot ? FieldValue.text(profile.id) : profile.fields[name]
                guard let value else {
                    rows.values.append(RenderRows.Value())
                    continue
                }
                let offset = UInt32(rows.bytes.count)
                rows.bytes += value.bytes
                let count = UInt32(rows.bytes.count) - offset
                rows.values.append(
                    RenderRows.Value(
                        kind: value.kind, bytes: EventBatch.Slice(offset: offset, count: count)))
            }
        }
        var output: [UInt8] = []
        try render(rows, scope, into: &output)
        return output
    }
}
