internal import FrameCodec
internal import GRDB
internal import SegmentModel

/// The pages of profile fields that the writer has at hand: extended in memory, stored once a
/// transaction, or when they are full.
///
/// The same invariants as `SegmentTable`. Not shared between threads.
final class FieldTable {
    /// Bytes of memory, roughly.
    private(set) var byteCount = 0
    private var blocks: [UInt32: FieldBlock] = [:]
    private var dirty: [FieldBlock] = []
    private var recent: FieldBlock?
    /// No block beyond has pages; nil: not known yet. New profiles need no look into the file.
    private var lastBlock: Int64?
    private var transaction: UInt32 = 0

    func forget() {
        precondition(byteCount == measuredByteCount, "the bytes of the pages are counted")
        blocks.removeAll()
        dirty.removeAll()
        recent = nil
        lastBlock = nil
        byteCount = 0
    }

    private var measuredByteCount: Int {
        blocks.values.reduce(0) { $0 + $1.byteCount }
    }

    func beginTransaction() {
        transaction &+= 1
    }

    /// Appends the field records of an event.
    func append(
        _ event: Frame.Event, at position: Position, of frame: Frame, _ statements: FieldStatements
    ) throws {
        try frame.bytes.withUnsafeBytes { values in
            try frame.changes.withUnsafeBufferPointer { changes in
                for record in frame.records[event.recordRange] where record.changeCount > 0 {
                    try append(
                        record.ordinal, at: position.rawValue,
                        UnsafeBufferPointer(rebasing: changes[record.changeRange]), values,
                        statements)
                }
            }
        }
    }

    private func append(
        _ ordinal: UInt32, at position: UInt64, _ changes: UnsafeBufferPointer<Frame.FieldChange>,
        _ values: UnsafeRawBufferPointer, _ statements: FieldStatements
    ) throws {
        let block = try find(FieldPage.block(of: ordinal), position, statements)
        let oldByteCount = block.byteCount
        defer { byteCount += block.byteCount - oldByteCount }
        if block.isFull {
            // A full page is final. It is stored now, so that a block has one page in memory.
            if block.isDirty { try statements.storePage(block) }
            try block.turnPage(at: position)
        }
        try block.append(place: FieldPage.place(of: ordinal), at: position, changes, values)
        block.lastUse = transaction
        if !block.isDirty {
            block.isDirty = true
            dirty.append(block)
        }
        for change in changes where change.isOutlying {
            try statements.storeValue(
                UnsafeRawBufferPointer(rebasing: values[change.value.range]), position: position,
                ordinal: ordinal, name: change.name)
        }
    }

    @inline(__always)
    private func find(
        _ block: UInt32, _ position: UInt64, _ statements: FieldStatements
    ) throws -> FieldBlock {
        if let recent, recent.block == block { return recent }
        let found = try blocks[block] ?? load(block, position, statements)
        recent = found
        return found
    }

    private func load(
        _ block: UInt32, _ position: UInt64, _ statements: FieldStatements
    ) throws -> FieldBlock {
        let last = try lastBlock ?? statements.lastBlock()
        let stored = Int64(block) <= last ? try statements.newestPage(of: block) : nil
        let found = stored ?? FieldBlock(block: block, position: position)
        lastBlock = max(last, Int64(block))
        blocks[block] = found
        byteCount += found.byteCount
        return found
    }

    /// Writes what is dirty.
    func store(_ statements: FieldStatements) throws {
        dirty.sort { $0.block < $1.block }
        for block in dirty {
            try statements.storePage(block)
            block.isDirty = false
        }
        dirty.removeAll(keepingCapacity: true)
    }

    /// Forgets the pages that the transaction did not use, if more than `limit` bytes are in
    /// memory; forgets all if that was not enough. Precondition: nothing is dirty.
    func trim(to limit: Int) {
        if byteCount <= limit { return }
        recent = nil
        blocks = blocks.filter { $0.value.lastUse == transaction }
        byteCount = measuredByteCount
        if byteCount <= limit { return }
        let last = lastBlock
        forget()
        lastBlock = last
    }
}
