internal import SegmentModel

/// Which changes have a field record, but for exceptions that are listed.
enum RecordRule: UInt8 {
    case none = 0
    /// Those of profiles that are new with the event.
    case newProfiles = 1
    case all = 2
}

extension PayloadEncoder {
    /// Appends which changes have a field record: the rule with the fewest exceptions, and these.
    mutating func records() {
        guard frame.records.count > 0 else {
            writer.byte(RecordRule.none.rawValue)
            writer.varint(0)
            return
        }
        let rules: [(RecordRule, Int)] = [
            (.newProfiles, exceptions(to: .newProfiles, into: nil)),
            (.none, frame.records.count), (.all, frame.ordinals.count - frame.records.count),
        ]
        guard let (rule, count) = rules.min(by: { $0.1 < $1.1 }) else { return }
        writer.byte(rule.rawValue)
        writer.varint(count)
        guard count > 0 else { return }
        let places = scratch.values.reserve(count)
        let written = exceptions(to: rule, into: places)
        precondition(written == count, "a field record belongs to no event")
        integers(count, .ordered)
    }

    /// Numbers of the changes that do not follow a rule; returns how many.
    private func exceptions(
        to rule: RecordRule, into output: UnsafeMutablePointer<Int64>?
    ) -> Int {
        var count = 0
        var change = 0
        var known = Int(frame.firstOrdinal)
        frame.ordinals.withUnsafeBufferPointer { ordinals in
            for event in frame.events where event.ordinalCount > 0 {
                let first = ordinals.baseAddress! + Int(event.firstOrdinal)
                let length = Int(event.ordinalCount)
                let added = NewOrdinals.count(first, length, known: known)
                known += added
                var record = Int(event.firstRecord)
                let recordEnd = event.recordRange.upperBound
                for index in 0..<length {
                    let hasRecord =
                        record < recordEnd && frame.records[record].ordinal == first[index]
                    record += hasRecord ? 1 : 0
                    let isExpected: Bool
                    switch rule {
                    case .none: isExpected = false
                    case .newProfiles: isExpected = index >= length - added
                    case .all: isExpected = true
                    }
                    if hasRecord != isExpected {
                        output?[count] = Int64(change)
                        count += 1
                    }
                    change += 1
                }
                precondition(
                    record == recordEnd, "a field record belongs to no profile of its event")
            }
        }
        return count
    }

    /// Appends the shapes of the records (which names, in which order), which record has which
    /// shape, and the values name by name.
    mutating func fields(_ bytes: UnsafePointer<UInt8>) {
        guard frame.records.count > 0 else { return }
        var shapes = RecordShapes()
        let choices = scratch.values.reserve(frame.records.count)
        for (index, record) in frame.records.enumerated() {
            choices[index] = Int64(shapes.number(of: frame.changes[record.changeRange]))
        }
        let chosen = [Int64](UnsafeBufferPointer(start: choices, count: frame.records.count))
        writer.varint(shapes.lengths.count)
        IntegerColumn.encode(shapes.lengths, shapes.lengths.count, .scattered, scratch, &writer)
        IntegerColumn.encode(shapes.names, shapes.names.count, .ordered, scratch, &writer)
        IntegerColumn.encode(chosen, chosen.count, .scattered, scratch, &writer)
        frame.changes.withUnsafeBufferPointer { changes in
            let layout = FieldLayout(shapes.names, changes)
            for number in 0..<layout.nameCount {
                FieldColumn.encode(
                    layout.changes(of: number), of: changes, in: bytes, scratch, &writer)
            }
        }
    }
}
