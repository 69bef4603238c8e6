internal import Glibc

/// What the system is asked for: 2 MiB, aligned, so that one entry of the processor's address cache
/// can cover it. Random reads in tables of 100 MB are about a third faster for it.
enum MemorySlab {
    static let byteCount = 2 << 20

    static func map(_ count: Int, isHuge: Bool) -> UnsafeMutableRawPointer {
        let wide = count + byteCount
        guard
            let start = mmap(
                nil, wide, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                0),
            start != MAP_FAILED
        else { preconditionFailure("the system has no memory left") }
        let skip = (byteCount - Int(bitPattern: start) & (byteCount - 1)) & (byteCount - 1)
        if skip > 0 { munmap(start, skip) }
        if skip < byteCount { munmap(start + skip + count, byteCount - skip) }
        // A hint; where the system knows no large pages, small ones do.
        if isHuge { madvise(start + skip, count, CInt(MADV_HUGEPAGE)) }
        return start + skip
    }

    static func unmap(_ start: UnsafeMutableRawPointer, _ count: Int) { munmap(start, count) }
}
