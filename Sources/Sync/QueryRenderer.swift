internal import Connector
internal import FrameCodec
internal import Ledger
internal import Projection
internal import SQLTemplate
internal import SegmentModel
internal import Synchronization

/// Renders queries with the fields that profiles had at their events. One lane's own: it reuses
/// what it found out about the fields of its templates.
///
/// - Concurrency: blocks on the projections; call it on an owned thread.
final class QueryRenderer: Sendable {
    private struct Known {
        /// Field number to slot, for the fields that a template names.
        var slots: [[ExactText]: [UInt32: Int]] = [:]
        var shapes = BoundShapes()
    }

    private let ledger: any Ledger
    private let store: ProjectionStore
    private let known = Mutex(Known())

    init(ledger: any Ledger, store: ProjectionStore) {
        self.ledger = ledger
        self.store = store
    }

    /// One query without profiles.
    func render(_ query: IntegrationPlan.Query, _ scope: RenderScope) throws -> [UInt8] {
        var output: [UInt8] = []
        do throws(RenderFailure) {
            try query.template.render(
                RenderRows(slotCount: query.template.fieldNames.count), scope, into: &output)
        } catch {
            throw Self.refused(error)
        }
        return output
    }

    /// Queries for profiles, `batchSize` of them in each.
    ///
    /// - Parameters:
    ///   - binds: with the values beside the text, where the query and its values allow it.
    ///   - reader: of fields; nil: one for each query.
    func render(
        _ query: IntegrationPlan.Query, _ members: ArraySlice<LaneBatch.Member>, batchSize: Int,
        _ scope: RenderScope, binds: Bool, _ reader: ProjectionReader? = nil
    ) throws -> [TargetQuery] {
        try known.withLock { known in
            var queries: [TargetQuery] = []
            var start = members.startIndex
            while start < members.endIndex {
                let part = members[start..<min(start + batchSize, members.endIndex)]
                let rows = try rows(
                    query.template, part, &known.slots[query.template.fieldKeys, default: [:]],
                    reader)
                do throws(RenderFailure) {
                    queries.append(
                        try query.template.query(rows, scope, &known.shapes, binds: binds))
                } catch {
                    throw Self.refused(error)
                }
                start += batchSize
            }
            return queries
        }
    }

    private static func refused(_ failure: RenderFailure) -> Failure {
        Failure(
            .targetRefusedValues, failure.message,
            hint: "correct the profile's field on the platform, or leave it out of the query")
    }

    private func rows(
        _ template: CompiledTemplate, _ members: ArraySlice<LaneBatch.Member>,
        _ slots: inout [UInt32: Int], _ reader: ProjectionReader?
    ) throws -> RenderRows {
        var rows = RenderRows(slotCount: template.fieldNames.count)
        rows.rowCount = members.count
        rows.values = Array(
            repeating: RenderRows.Value(), count: members.count * rows.slotCount)
        if let slot = template.profileIDSlot {
            for (row, member) in members.enumerated() {
                let id = ledger.profileID(of: ProfileOrdinal(member.ordinal))
                let offset = UInt32(rows.bytes.count)
                rows.bytes.append(contentsOf: id.utf8)
                rows.values[row * rows.slotCount + slot] = RenderRows.Value(
                    kind: .text,
                    bytes: EventBatch.Slice(
                        offset: offset, count: UInt32(rows.bytes.count) - offset))
            }
        }
        guard Self.readsFields(template) else { return rows }
        let requests = members.map {
            ProjectionReader.FieldRequest(profile: ProfileOrdinal($0.ordinal), asOf: $0.position)
        }
        var filler = SlotFiller(
            rows: rows, slots: slots, names: template.fieldKeys,
            idSlot: template.profileIDSlot, ledger: ledger)
        rows = RenderRows(slotCount: 0)
        if let reader {
            try reader.readFields(requests) { filler.fill($0, $1, $2, $3) }
        } else {
            try store.readHere { reader in
                try reader.readFields(requests) { filler.fill($0, $1, $2, $3) }
            }
        }
        slots = filler.slots
        return filler.rows
    }

    /// Whether rendering has to look up more than profiles' ids.
    static func readsFields(_ template: CompiledTemplate) -> Bool {
        template.fieldNames.count > (template.profileIDSlot == nil ? 0 : 1)
    }
}

/// Puts fields into the slots of the rows that a template reads.
private struct SlotFiller {
    var rows: RenderRows
    /// Field number to slot; -1: the template does not read it.
    var slots: [UInt32: Int]
    let names: [ExactText]
    let idSlot: Int?
    let ledger: any Ledger
    /// What `slot` found last: the next profile's fields are mostly the same ones.
    var last: (name: UInt32, slot: Int)?

    mutating func fill(
        _ row: Int, _ name: UInt32, _ kind: FieldKind, _ bytes: UnsafeRawBufferPointer
    ) {
        let slot = slot(of: name)
        guard slot >= 0, slot != idSlot else { return }
        let offset = UInt32(rows.bytes.count)
        rows.bytes.append(contentsOf: bytes)
        rows.values[row * rows.slotCount + slot] = RenderRows.Value(
            kind: kind, bytes: EventBatch.Slice(offset: offset, count: UInt32(bytes.count)))
    }

    private mutating func slot(of name: UInt32) -> Int {
        if let last, last.name == name { return last.slot }
        let slot = slots[name] ?? names.firstIndex(of: ExactText(ledger.fieldName(name))) ?? -1
        slots[name] = slot
        last = (name, slot)
        return slot
    }
}

extension CompiledTemplate {
    /// In the form that these values take.
    fileprivate func query(
        _ rows: RenderRows, _ scope: RenderScope, _ shapes: inout BoundShapes, binds: Bool
    ) throws(RenderFailure) -> TargetQuery {
        if binds, let bound = try renderBound(rows, scope, &shapes) { return .bound(bound) }
        var output: [UInt8] = []
        try render(rows, scope, into: &output)
        return .text(output)
    }
}
