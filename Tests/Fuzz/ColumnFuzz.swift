import SegmentModel

@testable import FrameCodec

// Target `column`: one column alone.
//
// Input: kind 1 | count 2 | column.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count >= 3 else { return 0 }
    let length = 1 + Int(start[1]) + Int(start[2] & 15) << 8
    // A copy of exactly this size: reading beyond it is seen.
    let column = [UInt8](UnsafeBufferPointer(start: start + 3, count: count - 3))
    column.withUnsafeBytes { column in
        var reader = PayloadReader(column)
        do throws(FrameError) {
            switch start[0] & 3 {
            case 0, 1: try integers(length, isDistinct: start[0] & 1 == 1, &reader)
            case 2: try texts(length, &reader)
            default: try fields(length, &reader)
            }
        } catch {
            // Malformed, and said so.
        }
    }
    return 0
}

private func integers(
    _ count: Int, isDistinct: Bool, _ reader: inout PayloadReader
) throws(FrameError) {
    let scratch = CodecScratch()
    var numbers = [Int64](repeating: 0, count: count)
    var again = numbers
    var failure: FrameError?
    numbers.withUnsafeMutableBufferPointer { numbers in
        do throws(FrameError) {
            if isDistinct {
                try DistinctColumn.decode(count, &reader, scratch, into: numbers.baseAddress!)
            } else {
                try IntegerColumn.decode(count, &reader, into: numbers.baseAddress!)
            }
        } catch {
            failure = error
        }
    }
    if let failure { throw failure }
    var writer = PayloadWriter(reusing: GrowableBuffer())
    numbers.withUnsafeBufferPointer {
        if isDistinct {
            DistinctColumn.encode($0.baseAddress!, count, scratch, &writer)
        } else {
            IntegerColumn.encode($0.baseAddress!, count, .ordered, scratch, &writer)
        }
    }
    var second = PayloadReader(writer.bytes)
    do throws(FrameError) {
        try again.withUnsafeMutableBufferPointer { again throws(FrameError) in
            if isDistinct {
                try DistinctColumn.decode(count, &second, scratch, into: again.baseAddress!)
            } else {
                try IntegerColumn.decode(count, &second, into: again.baseAddress!)
            }
        }
    } catch {
        preconditionFailure("what was written does not read")
    }
    precondition(again == numbers && second.remaining == 0, "numbers changed on their way")
    writer.finish().deallocate()
}

private func texts(_ count: Int, _ reader: inout PayloadReader) throws(FrameError) {
    let scratch = CodecScratch()
    var slices = [Frame.Slice](repeating: .empty, count: count)
    var memory = [UInt8](repeating: 0, count: 64 << 10)
    var failure: FrameError?
    memory.withUnsafeMutableBufferPointer { memory in
        var output = TextOutput(memory)
        slices.withUnsafeMutableBufferPointer { slices in
            do throws(FrameError) {
                try TextColumn.decode(
                    count, &reader, &output, scratch, into: slices.baseAddress!)
            } catch {
                failure = error
            }
        }
    }
    if let failure { throw failure }
    var writer = PayloadWriter(reusing: GrowableBuffer())
    memory.withUnsafeBufferPointer { memory in
        slices.withUnsafeBufferPointer {
            TextColumn.encode($0, in: memory.baseAddress!, scratch, &writer)
        }
    }
    var second = PayloadReader(writer.bytes)
    var again = slices
    var copy = [UInt8](repeating: 0, count: writer.textByteCount)
    do throws(FrameError) {
        try copy.withUnsafeMutableBufferPointer { copy throws(FrameError) in
            var output = TextOutput(copy)
            try again.withUnsafeMutableBufferPointer { again throws(FrameError) in
                try TextColumn.decode(
                    count, &second, &output, scratch, into: again.baseAddress!)
            }
            guard output.remaining == 0, second.remaining == 0 else {
                throw .content(.trailing)
            }
        }
    } catch {
        preconditionFailure("what was written does not read")
    }
    for (left, right) in zip(slices, again) {
        precondition(memory[left.range] == copy[right.range], "a text changed on its way")
    }
    writer.finish().deallocate()
}

private func fields(_ count: Int, _ reader: inout PayloadReader) throws(FrameError) {
    let scratch = CodecScratch()
    var changes = [Frame.FieldChange](
        repeating: Frame.FieldChange(name: 0, kind: .null, value: .empty), count: count)
    var memory = [UInt8](repeating: 0, count: 64 << 10)
    let indexes = ArraySlice((0..<count).map { UInt32($0) })
    var failure: FrameError?
    memory.withUnsafeMutableBufferPointer { memory in
        var output = TextOutput(memory)
        changes.withUnsafeMutableBufferPointer { changes in
            do throws(FrameError) {
                try FieldColumn.decode(
                    indexes, of: changes.baseAddress!, &reader, &output, scratch)
            } catch {
                failure = error
            }
        }
    }
    if let failure { throw failure }
    for change in changes {
        precondition(change.value.range.upperBound <= memory.count, "a value out of bounds")
    }
}
