/// Memory that is reused from frame to frame and grows as needed. What stands in it is undefined
/// after `reserve`.
///
/// Elements are trivial. Copies share the memory: its owner frees it once.
struct GrowableBuffer<Element> {
    private(set) var pointer: UnsafeMutablePointer<Element>
    private(set) var capacity: Int

    init() {
        // Never read or written: there is room for nothing.
        pointer = UnsafeMutablePointer(bitPattern: MemoryLayout<Element>.alignment)!
        capacity = 0
    }

    /// The memory, good for `count` elements.
    mutating func reserve(_ count: Int) -> UnsafeMutablePointer<Element> {
        if count > capacity {
            deallocate()
            capacity = max(count, 2 * capacity, 32)
            pointer = UnsafeMutablePointer.allocate(capacity: capacity)
        }
        return pointer
    }

    /// Makes room for `count` elements and keeps the first `used`.
    mutating func grow(to count: Int, keeping used: Int) {
        guard count > capacity else { return }
        let next = max(count, 2 * capacity, 256)
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: next)
        larger.update(from: pointer, count: used)
        deallocate()
        pointer = larger
        capacity = next
    }

    func deallocate() {
        if capacity > 0 { pointer.deallocate() }
    }
}
