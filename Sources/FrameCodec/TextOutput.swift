internal import SegmentModel

/// The bytes of a frame under construction: memory of a size that the payload gives beforehand.
struct TextOutput {
    private let base: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    private(set) var count = 0

    init(_ memory: UnsafeMutableBufferPointer<UInt8>) {
        // An empty frame has no memory, and nothing is ever stored in it.
        base = memory.baseAddress ?? UnsafeMutablePointer(bitPattern: 1)!
        capacity = memory.count
    }

    var remaining: Int { capacity - count }

    /// The next `length` bytes, to be filled in.
    mutating func take(_ length: Int) throws(FrameError) -> UnsafeMutablePointer<UInt8> {
        guard length >= 0, length <= remaining else { throw .content(.text) }
        defer { count += length }
        return base + count
    }

    /// The next bytes, copied from the payload.
    mutating func store(_ bytes: UnsafeRawBufferPointer) throws(FrameError) -> Frame.Slice {
        guard bytes.count > 0 else { return .empty }
        let offset = count
        let target = try take(bytes.count)
        UnsafeMutableRawPointer(target).copyMemory(
            from: bytes.baseAddress!, byteCount: bytes.count)
        return Frame.Slice(offset: UInt32(offset), count: UInt32(bytes.count))
    }

    /// The last `length` bytes given out, which are `count` bytes at most.
    func last(_ length: Int) -> UnsafePointer<UInt8> { UnsafePointer(base + count - length) }

    /// A slice of the bytes from `offset` on.
    func slice(_ offset: Int, _ length: Int) -> Frame.Slice {
        length == 0 ? .empty : Frame.Slice(offset: UInt32(offset), count: UInt32(length))
    }
}
