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
    private let projections: any Projections
    /// A profile that lacks one of these fields has no row.
    private let rowKey: [ExactText]
    private let known = Mutex(Known())

    init(ledger: any Ledger, projections: any Projections, rowKey: [ExactText]) {
        self.ledger = ledger
        self.projections = projections
        self.rowKey = rowKey
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

    /// Queries for profiles, `batchSize` of them in each at most: those without a row are left out,
    /// and so is a query for none.
    ///
    /// - Parameters:
    ///   - binds: with the values beside the text, where the query and its values allow it.
    ///   - reader: of fields; nil: one for each query.
    func render(
        _ query: IntegrationPlan.Query, _ images: ArraySlice<LaneBatch.RowImage>, batchSize: Int,
        _ scope: RenderScope, binds: Bool, _ reader: (any ProjectedState)? = nil
    ) throws -> [TargetQuery] {
        try known.withLock { known in
            var queries: [TargetQuery] = []
            var start = images.startIndex
            while start < images.endIndex {
                let part = images[start..<min(start + batchSize, images.endIndex)]
                let rows = try rows(
                    query.template, part, &known.slots[query.template.fieldKeys, default: [:]],
                    reader)
                start += batchSize
                if rows.rowCount == 0 { continue }
                do throws(RenderFailure) {
                    queries.append(
                        try query.template.query(rows, scope, &known.shapes, binds: binds))
                } catch {
                    throw Self.refused(error)
                }
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
        _ template: CompiledTemplate, _ images: ArraySlice<LaneBatch.RowImage>,
        _ slots: inout [UInt32: Int], _ reader: (any ProjectedState)?
    ) throws -> RenderRows {
        var rows = RenderRows(slotCount: template.fieldNames.count)
        rows.rowCount = images.count
        rows.values = Array(
            repeating: RenderRows.Value(), count: images.count * rows.slotCount)
        if let slot = template.profileIDSlot {
            for (row, image) in images.enumerated() {
                let id = ledger.profileID(of: ProfileOrdinal(image.ordinal))
                let offset = UInt32(rows.bytes.count)
                rows.bytes.append(contentsOf: id.utf8)
                rows.values[row * rows.slotCount + slot] = RenderRows.Value(
                    kind: .text,
                    bytes: EventBatch.Slice(
                        offset: offset, count: UInt32(rows.bytes.count) - offset))
            }
        }
        guard Self.readsFields(template) else { return rows }
        var filler = SlotFiller(
            rows: rows, slots: slots, names: template.fieldKeys,
            idSlot: template.profileIDSlot, ledger: ledger)
        rows = RenderRows(slotCount: 0)
        try fill(&filler, images, reader) { $0.asOf }
        let unknown = images.enumerated().filter { row, image in
            image.otherwise != nil && !filler.hasFields(row)
        }
        if !unknown.isEmpty {
            let indices = Set(unknown.map(\.offset))
            try fill(&filler, images, reader) {
                $0.otherwise
            } only: {
                indices.contains($0)
            }
        }
        slots = filler.slots
        filler.rows.keep(withFields: rowKey, of: template)
        return filler.rows
    }

    /// Reads the fields of rows as of a position; none for a row without one.
    private func fill(
        _ filler: inout SlotFiller, _ images: ArraySlice<LaneBatch.RowImage>,
        _ reader: (any ProjectedState)?, asOf position: (LaneBatch.RowImage) -> Position?,
        only isMeant: (Int) -> Bool = { _ in true }
    ) throws {
        var requests: [FieldRequest] = []
        var rows: [Int] = []
        requests.reserveCapacity(images.count)
        rows.reserveCapacity(images.count)
        for (row, image) in images.enumerated() where isMeant(row) {
            guard let position = position(image) else { continue }
            requests.append(.init(profile: ProfileOrdinal(image.ordinal), asOf: position))
            rows.append(row)
        }
        if let reader {
            try reader.readFields(requests) { filler.fill(rows[$0], $1, $2, $3) }
        } else {
            try projections.readHere { reader in
                try reader.readFields(requests) { filler.fill(rows[$0], $1, $2, $3) }
            }
        }
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

    /// Whether any field was found, the id aside.
    func hasFields(_ row: Int) -> Bool {
        (0..<rows.slotCount).contains { slot in
            slot != idSlot && !rows.values[row * rows.slotCount + slot].isMissing
        }
    }

    private mutating func slot(of name: UInt32) -> Int {
        if let last, last.name == name { return last.slot }
        let slot = slots[name] ?? names.firstIndex(of: ExactText(ledger.fieldName(name))) ?? -1
        slots[name] = slot
        last = (name, slot)
        return slot
    }
}

extension RenderRows {
    /// Leaves out the rows that lack one of the fields, as far as the template reads it.
    fileprivate mutating func keep(withFields fields: [ExactText], of template: CompiledTemplate) {
        let needed = fields.compactMap { template.fieldKeys.firstIndex(of: $0) }
        func isWhole(_ row: Int) -> Bool {
            needed.allSatisfy { !values[row * slotCount + $0].isMissing }
        }
        guard let first = (0..<rowCount).first(where: { !isWhole($0) }) else { return }
        var kept = Array(values[..<(first * slotCount)])
        for row in first..<rowCount where isWhole(row) {
            kept += values[(row * slotCount)..<((row + 1) * slotCount)]
        }
        values = kept
        rowCount = kept.count / slotCount
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
