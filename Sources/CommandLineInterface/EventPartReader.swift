internal import EventJSON
internal import SegmentModel

/// Cuts NDJSON into parts: the whole input if it is at most `Limits.atomicAppendByteCountMax` long,
/// else about `Limits.appendPartByteCountTarget` at a time, so that the next part is parsed while
/// one is written. Of input whose length nobody knows the first part is as long as a whole one may
/// be. A part ends with a line.
///
/// A part's places stay far below 2^32: it is parsed from at most that limit, one read and the rest
/// of a line.
struct EventPartReader {
    private var parser: EventParser
    private var splitter = EventLineSplitter()
    private var buffer = [UInt8](repeating: 0, count: InputFile.chunkByteCount)
    private var isAtEnd = false
    /// The input is longer than what is taken whole.
    private var isLong = false

    init(now: Timestamp) {
        parser = EventParser(clock: now)
    }

    /// The next part, in the memory of `used`; nil at the end of the input.
    mutating func next(
        from input: InputFile, into used: consuming EventBatch
    ) throws -> EventBatch? {
        var batch = used
        batch.removeAll()
        var byteCount = 0
        isLong = isLong || input.remainingByteCount ?? 0 > Limits.atomicAppendByteCountMax
        // One byte over the limit decides that the input is not taken whole.
        let target =
            isLong ? Limits.appendPartByteCountTarget : Limits.atomicAppendByteCountMax + 1
        while !isAtEnd, byteCount < target {
            let count = try buffer.withUnsafeMutableBytes { try input.read(into: $0) }
            isAtEnd = count == 0
            byteCount += count
            try EventPartReader.parse(buffer[..<count], &splitter, &parser, into: &batch)
            if byteCount == count {
                reserve(
                    &batch, parsed: count,
                    expected: min(input.remainingByteCount ?? .max, target - count))
            }
        }
        isLong = isLong || !isAtEnd
        return batch.isEmpty && isAtEnd ? nil : batch
    }

    /// Parses the lines that end in a chunk; an empty one ends the input.
    ///
    /// The splitter calls the parser: as parameters each is the only one that is changed.
    private static func parse(
        _ chunk: ArraySlice<UInt8>, _ splitter: inout EventLineSplitter,
        _ parser: inout EventParser, into batch: inout EventBatch
    ) throws(Failure) {
        if chunk.isEmpty {
            try splitter.finish { (line, number) throws(Failure) in
                try parser.parseLine(line, number: number, into: &batch)
            }
        } else {
            try chunk.withUnsafeBufferPointer { bytes throws(Failure) in
                try splitter.feed(UnsafeRawBufferPointer(bytes)) { (line, number) throws(Failure) in
                    try parser.parseLine(line, number: number, into: &batch)
                }
            }
        }
    }

    /// Makes room for the rest of the part by what its start needed, so that the arrays do not grow
    /// by copying. Memory that is not written to is not taken from the system.
    private func reserve(_ batch: inout EventBatch, parsed: Int, expected: Int) {
        guard parsed > 0, expected > 0 else { return }
        let factor = Double(parsed + expected) / Double(parsed) * 1.05
        batch.bytes.reserveCapacity(Int(Double(batch.bytes.count) * factor))
        batch.events.reserveCapacity(Int(Double(batch.events.count) * factor))
        batch.profiles.reserveCapacity(Int(Double(batch.profiles.count) * factor))
        batch.fields.reserveCapacity(Int(Double(batch.fields.count) * factor))
    }
}

extension EventBatch {
    /// Empties the batch and keeps its memory.
    fileprivate mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        events.removeAll(keepingCapacity: true)
        profiles.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
    }
}
