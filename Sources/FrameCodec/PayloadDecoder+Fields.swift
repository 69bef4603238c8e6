internal import SegmentModel

extension PayloadDecoder {
    /// Reads which changes have a field record.
    mutating func records() throws(FrameError) {
        guard let rule = RecordRule(rawValue: try reader.byte()) else { throw .content(.kind) }
        let count = try reader.count(atMost: frame.ordinals.count)
        if count == 0, rule == .none { return }
        let exceptions = scratch.values.reserve(count)
        try IntegerColumn.decode(count, &reader, into: exceptions)
        var records: [Frame.FieldRecord] = []
        var next = 0
        var known = Int(frame.firstOrdinal)
        frame.ordinals.withUnsafeBufferPointer { ordinals in
            for index in frame.events.indices {
                frame.events[index].firstRecord = UInt32(records.count)
                let range = frame.events[index].ordinalRange
                guard let first = ordinals.baseAddress, range.count > 0 else { continue }
                let added = NewOrdinals.count(
                    first + range.lowerBound, range.count, known: known)
                known += added
                for change in range {
                    var hasRecord =
                        rule == .all
                        || rule == .newProfiles && change >= range.upperBound - added
                    if next < count, exceptions[next] == Int64(change) {
                        hasRecord.toggle()
                        next += 1
                    }
                    guard hasRecord else { continue }
                    records.append(
                        Frame.FieldRecord(
                            ordinal: ordinals[change], firstChange: 0, changeCount: 0))
                }
                frame.events[index].recordCount =
                    UInt32(records.count) - frame.events[index].firstRecord
            }
        }
        // Out of order, repeated, or beyond the last change.
        guard next == count else { throw .content(.ordinals) }
        frame.records = records
    }

    /// Reads the fields of the records.
    mutating func fields() throws(FrameError) {
        let recordCount = frame.records.count
        guard recordCount > 0 else { return }
        let shapeCount = try reader.count(atMost: recordCount)
        var lengths = [Int64](repeating: 0, count: shapeCount)
        try integers(&lengths)
        var offsets = [0]
        for length in lengths {
            guard length >= 0, length <= Int64(Limits.frameChangeCountMax) else {
                throw .content(.count)
            }
            offsets.append(offsets[offsets.count - 1] + Int(length))
        }
        let nameCount = offsets[shapeCount]
        guard nameCount <= Limits.frameChangeCountMax else { throw .content(.count) }
        var names = [Int64](repeating: 0, count: nameCount)
        try integers(&names)
        for name in names where UInt32(exactly: name) == nil { throw .content(.count) }
        let choices = scratch.values.reserve(recordCount)
        try IntegerColumn.decode(recordCount, &reader, into: choices)
        var total = 0
        for index in 0..<recordCount {
            guard choices[index] >= 0, choices[index] < Int64(shapeCount) else {
                throw .content(.count)
            }
            let length = Int(lengths[Int(choices[index])])
            frame.records[index].firstChange = UInt32(total)
            frame.records[index].changeCount = UInt32(length)
            total += length
            guard total <= Limits.frameChangeCountMax else { throw .content(.count) }
        }
        try changes(total, names, (0..<recordCount).lazy.map { offsets[Int(choices[$0])] })
    }

    private mutating func integers(_ numbers: inout [Int64]) throws(FrameError) {
        try numbers.withUnsafeMutableBufferPointer { numbers throws(FrameError) in
            guard let first = numbers.baseAddress else { return }
            try IntegerColumn.decode(numbers.count, &reader, into: first)
        }
    }

    /// - Parameter offsets: for each record, where its names begin.
    private mutating func changes(
        _ count: Int, _ names: [Int64], _ offsets: some Sequence<Int>
    ) throws(FrameError) {
        guard count > 0 else { return }
        var changes: [Frame.FieldChange] = []
        changes.reserveCapacity(count)
        for (record, offset) in zip(frame.records, offsets) {
            for index in offset..<offset + Int(record.changeCount) {
                changes.append(
                    Frame.FieldChange(name: UInt32(names[index]), kind: .null, value: .empty))
            }
        }
        let layout = changes.withUnsafeBufferPointer { FieldLayout(names, $0) }
        try changes.withUnsafeMutableBufferPointer { changes throws(FrameError) in
            for number in 0..<layout.nameCount {
                try FieldColumn.decode(
                    layout.changes(of: number), of: changes.baseAddress!, &reader, &output,
                    scratch)
            }
        }
        frame.changes = changes
    }
}
