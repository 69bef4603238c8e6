/// The values that `batch_in` has written: told apart by kind and bytes, where they stand.
///
/// Open addressing over places in `values`: three allocations for a batch of any size.
struct DistinctValues {
    private var values: [RenderedValue] = []
    /// Indices of `values`, -1 where free; at most half full.
    private var table: [Int]

    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 {
            size *= 2
        }
        table = Array(repeating: -1, count: size)
        values.reserveCapacity(capacity)
    }

    /// False if an equal value was inserted before. The renderer keeps the bytes of both.
    mutating func insert(_ value: RenderedValue, of renderer: Renderer) -> Bool {
        let bytes = renderer.buffer(of: value)
        var hasher = Hasher()
        hasher.combine(value.kind)
        bytes.withUnsafeBytes {
            hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[value.range]))
        }
        var place = hasher.finalize() & (table.count - 1)
        while table[place] >= 0 {
            let other = values[table[place]]
            let isEqual =
                other.kind == value.kind && other.range.count == value.range.count
                && renderer.buffer(of: other)[other.range] == bytes[value.range]
            if isEqual { return false }
            place = (place + 1) & (table.count - 1)
        }
        table[place] = values.count
        values.append(value)
        return true
    }
}
