/// The values that `batch_in` has written: told apart by their text's bytes, where they stand.
///
/// Open addressing over places in `values`: three allocations for a batch of any size. The hash is
/// seeded for each process, so that no choice of values makes it slow.
struct DistinctValues {
    private var values: [RenderedValue] = []
    private var hashes: [Int] = []
    /// Indices of `values`, -1 where free; at most half full.
    private var table: [Int]

    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 {
            size *= 2
        }
        table = Array(repeating: -1, count: size)
        values.reserveCapacity(capacity)
        hashes.reserveCapacity(capacity)
    }

    /// False if an equal value was inserted before, whose bytes `bases` still knows.
    mutating func insert(_ value: RenderedValue, _ bases: Renderer.Bases) -> Bool {
        let bytes = bases.bytes(of: value)
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        let hash = hasher.finalize()
        var place = hash & (table.count - 1)
        while table[place] >= 0 {
            let other = table[place]
            let isSame =
                hashes[other] == hash && bases.bytes(of: values[other]).elementsEqual(bytes)
            if isSame { return false }
            place = (place + 1) & (table.count - 1)
        }
        table[place] = values.count
        values.append(value)
        hashes.append(hash)
        return true
    }
}
