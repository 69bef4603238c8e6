internal import Connector
internal import SegmentModel

/// How a rebuild meets what is refused.
enum RebuildCare: Int {
    /// It fails.
    case none
    /// It is looked for in each batch, and parked.
    case sparing
    /// The same, with what is else checked at COMMIT checked at each statement.
    case checking
}

/// A query of a rebuild, for one segment.
struct RebuildStep: Hashable {
    let segment: SegmentID
    let kind: QueryKind

    /// Rows without those that are refused, and those in doubt by themselves.
    func batches(
        of rows: [LaneBatch.RowImage], size: Int, without refused: [UInt32: TargetFailure],
        alone: Set<UInt32>
    ) -> [ArraySlice<LaneBatch.RowImage>] {
        let rows = refused.isEmpty ? rows : rows.filter { refused[$0.ordinal] == nil }
        var batches: [ArraySlice<LaneBatch.RowImage>] = []
        var start = rows.startIndex
        while start < rows.endIndex {
            var end = start + 1
            if alone.isEmpty {
                end = min(start + size, rows.endIndex)
            } else if !alone.contains(rows[start].ordinal) {
                let limit = min(start + size, rows.endIndex)
                while end < limit, !alone.contains(rows[end].ordinal) { end += 1 }
            }
            batches.append(rows[start..<end])
            start = end
        }
        return batches
    }

    /// In their order on a stack: the last one is next.
    static func parts(
        of rows: ArraySlice<LaneBatch.RowImage>, size: Int
    ) -> [ArraySlice<LaneBatch.RowImage>] {
        guard rows.count > size + 1 else { return [rows] }
        return stride(from: rows.startIndex, to: rows.endIndex, by: size)
            .map { rows[$0..<min($0 + size, rows.endIndex)] }.reversed()
    }
}

/// A query of a rebuild was refused, and the transaction with it.
struct EndedRebuild: Error {
    let step: RebuildStep
    let members: [UInt32]
    let failure: TargetFailure
}
