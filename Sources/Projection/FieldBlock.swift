internal import FrameCodec
internal import SegmentModel

/// The newest page of a block, as the writer extends it.
final class FieldBlock {
    let block: UInt32
    /// From 0 in each block.
    private(set) var pageNumber: UInt32
    /// Of the page's first record.
    private(set) var position: UInt64
    private(set) var bytes: [UInt8]
    private var baseEnd: Int
    private var lastPosition: UInt64
    var isDirty = false
    /// The transaction that last used it.
    var lastUse: UInt32 = 0

    /// The first page of a block without any; the first record gives it its position.
    init(block: UInt32, position: UInt64) {
        self.block = block
        pageNumber = 0
        self.position = position
        lastPosition = position
        bytes = [0]
        baseEnd = 1
    }

    /// A stored page.
    ///
    /// - Throws: `projectionInvalid` for bytes that are no page.
    init(
        block: UInt32, pageNumber: UInt32, position: UInt64, decoding stored: UnsafeRawBufferPointer
    ) throws {
        self.block = block
        self.pageNumber = pageNumber
        self.position = position
        bytes = Array(stored)
        var scan = try FieldPageScan(stored, position: position)
        baseEnd = scan.baseEnd
        lastPosition = position
        while let entry = try scan.next() { lastPosition = entry.position }
    }

    /// Bytes of memory, roughly: the page with what it has room for, and what the block takes.
    var byteCount: Int { bytes.capacity + 192 }

    /// Row of the page.
    var row: Int64 { Int64(block) << 32 | Int64(pageNumber) }

    /// Whether the next record belongs into a new page.
    var isFull: Bool {
        bytes.count - baseEnd >= max(FieldPage.recordByteCountMin, baseEnd)
    }

    /// Begins the next page, whose base is what this one says.
    func turnPage(at newPosition: UInt64) throws {
        guard pageNumber < .max else { throw FieldPage.damaged }
        var views = [FieldView](repeating: FieldView(), count: FieldPage.profileCount)
        let base = try bytes.withUnsafeBytes { page in
            var scan = try FieldPageScan(page, position: position)
            while let entry = try scan.next() {
                try views[Int(entry.place)].apply(entry.fields, of: page)
            }
            var base: [UInt8] = []
            var fields: [UInt8] = []
            for (place, view) in views.enumerated() where !view.fields.isEmpty {
                fields.removeAll(keepingCapacity: true)
                view.encode(from: page, into: &fields)
                base.append(UInt8(place))
                Varint.append(UInt64(fields.count), to: &base)
                base.append(contentsOf: fields)
            }
            return base
        }
        bytes.removeAll(keepingCapacity: true)
        Varint.append(UInt64(base.count), to: &bytes)
        bytes.append(contentsOf: base)
        baseEnd = bytes.count
        pageNumber += 1
        position = newPosition
        lastPosition = newPosition
    }

    /// Appends a record.
    ///
    /// - Throws: `projectionInvalid` if the page has records of later positions.
    func append(
        place: UInt8, at newPosition: UInt64, _ changes: UnsafeBufferPointer<Frame.FieldChange>,
        _ values: UnsafeRawBufferPointer
    ) throws {
        guard newPosition >= lastPosition else { throw FieldPage.damaged }
        var byteCount = 0
        for change in changes {
            byteCount += Varint.byteCount(UInt64(change.name)) + 1
            if !change.kind.hasBytes { continue }
            let count = Int(change.value.count)
            byteCount +=
                count > FieldPage.valueByteCountMax
                ? Varint.byteCount(newPosition) : Varint.byteCount(UInt64(count)) + count
        }
        Varint.append(newPosition - lastPosition, to: &bytes)
        bytes.append(place)
        Varint.append(UInt64(byteCount), to: &bytes)
        for change in changes {
            Varint.append(UInt64(change.name), to: &bytes)
            let isOutlying = change.isOutlying
            bytes.append(change.kind.rawValue | (isOutlying ? FieldPage.outlyingBit : 0))
            if isOutlying {
                Varint.append(newPosition, to: &bytes)
            } else if change.kind.hasBytes {
                Varint.append(UInt64(change.value.count), to: &bytes)
                bytes.append(
                    contentsOf: UnsafeRawBufferPointer(rebasing: values[change.value.range]))
            }
        }
        lastPosition = newPosition
    }
}

extension Frame.FieldChange {
    /// Whether its value is a row of `field_value`.
    var isOutlying: Bool { kind.hasBytes && Int(value.count) > FieldPage.valueByteCountMax }
}
