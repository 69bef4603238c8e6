internal import Glibc

/// Bytes that grow at the end: what a renderer writes to.
///
/// Unlike an array it is written through a bare pointer, so that a byte costs a store and no check
/// of who else holds it. Pointers into it are void after any append.
struct ByteBuffer: ~Copyable {
    private(set) var base: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int) {
        self.capacity = max(capacity, 64)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    var last: UInt8? { count > 0 ? base[count - 1] : nil }

    /// Makes room for `more` bytes behind `count`.
    @inline(__always)
    mutating func reserve(_ more: Int) {
        if capacity - count < more { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let wanted = max(capacity * 2, count + more)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
        capacity = wanted
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        reserve(1)
        base[count] = byte
        count += 1
    }

    @inline(__always)
    mutating func append(_ bytes: UnsafePointer<UInt8>, _ byteCount: Int) {
        reserve(byteCount)
        memcpy(base + count, bytes, byteCount)
        count += byteCount
    }

    mutating func append(contentsOf bytes: some Sequence<UInt8>) {
        let isCopied: Bool? = bytes.withContiguousStorageIfAvailable { run in
            if let base = run.baseAddress { append(base, run.count) }
            return true
        }
        guard isCopied == nil else { return }
        for byte in bytes { append(byte) }
    }

    mutating func append(_ text: StaticString) {
        append(text.utf8Start, text.utf8CodeUnitCount)
    }

    /// Takes room that was reserved and written.
    @inline(__always)
    mutating func advance(_ byteCount: Int) { count += byteCount }

    mutating func truncate(to newCount: Int) { count = newCount }

    /// Moves what stands at `offset` and behind it.
    mutating func insert(_ byte: UInt8, at offset: Int) {
        reserve(1)
        memmove(base + offset + 1, base + offset, count - offset)
        base[offset] = byte
        count += 1
    }
}
