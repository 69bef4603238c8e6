internal import SegmentModel

/// What columns are built and unpacked in. One thread at a time.
final class CodecScratch {
    /// A column's numbers.
    var values = GrowableBuffer<Int64>()
    /// A second column's numbers.
    var others = GrowableBuffer<Int64>()
    /// Differences, while a column is encoded.
    var differences = GrowableBuffer<Int64>()
    var gaps = GrowableBuffer<UInt32>()
    /// Open addressing: 1 + index of a distinct value; 0: free.
    var slots = GrowableBuffer<UInt32>()

    var slices = GrowableBuffer<Frame.Slice>()
    /// Tags of one field's values.
    var tags = GrowableBuffer<UInt8>()

    deinit {
        slices.deallocate()
        tags.deallocate()
        values.deallocate()
        others.deallocate()
        differences.deallocate()
        gaps.deallocate()
        slots.deallocate()
    }
}
