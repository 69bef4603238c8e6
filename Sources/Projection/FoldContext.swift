internal import SegmentModel

/// What the writer keeps from one transaction to the next.
final class FoldContext: @unchecked Sendable {  // used only on GRDB's serial writer queue
    let decoder: SystemEventDecoder
    let limits: FoldLimits
    let segments: SegmentTable
    let fields = FieldTable()
    let rows = RowTable()
    let keys = RowKeyTable()
    var totals = ReceiptTotals()
    /// The checkpoint that the tables belong to; nil while a transaction changes them. Another one
    /// in the file means that a commit failed.
    private var position: Position?

    init(decoder: SystemEventDecoder, limits: FoldLimits) {
        self.decoder = decoder
        self.limits = limits
        segments = SegmentTable(plentifulByteCount: limits.keptMemberByteCount / 2)
    }

    /// Bytes of memory, roughly.
    var byteCount: Int { segments.byteCount + fields.byteCount + keys.byteCount }

    /// Forgets what does not belong to the checkpoint in the file.
    func beginTransaction(at checkpoint: Position) {
        if position != checkpoint {
            segments.forget()
            fields.forget()
            rows.forget()
            keys.forget()
            totals.forget()
        }
        position = nil
        segments.beginTransaction()
        fields.beginTransaction()
    }

    /// Keeps at most what the limits say. Everything is stored.
    func endTransaction(at checkpoint: Position) {
        segments.trim(to: limits.keptMemberByteCount)
        fields.trim(to: limits.keptFieldByteCount)
        position = checkpoint
    }
}
