internal import Glibc

/// A block of memory outside Swift's heap: 32 KiB of a pool, or whole slabs of its own.
///
/// Its owner writes to it until it is handed to a capture as well (`PageList.share()`); from then
/// on nobody changes what was written, and whoever lets go of it last gives it back.
final class MemoryPage: @unchecked Sendable {  // written by its one owner alone, see above
    static let byteCount = 32 << 10

    let base: UnsafeMutableRawPointer
    let byteCount: Int
    /// nil: the memory is this page's own.
    private let pool: PagePool?

    /// 32 KiB. `isZeroed`: all bytes are zero; otherwise they are anything.
    init(from pool: PagePool, isZeroed: Bool) {
        let (address, isFresh) = pool.take()
        guard let base = UnsafeMutableRawPointer(bitPattern: address) else {
            preconditionFailure("memory does not start at 0")
        }
        self.base = base
        byteCount = Self.byteCount
        self.pool = pool
        if isZeroed, !isFresh { memset(base, 0, byteCount) }
    }

    /// `count` slabs of zeros; memory is used only for what is touched.
    init(slabCount count: Int, isHuge: Bool) {
        byteCount = count * MemorySlab.byteCount
        base = MemorySlab.map(byteCount, isHuge: isHuge)
        pool = nil
    }

    deinit {
        if let pool {
            pool.giveBack(UInt(bitPattern: base))
        } else {
            MemorySlab.unmap(base, byteCount)
        }
    }
}
