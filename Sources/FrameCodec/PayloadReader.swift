/// Reads a payload; every read is checked, so malformed bytes give an error and never a trap.
struct PayloadReader {
    let bytes: UnsafeRawBufferPointer
    private(set) var index = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var remaining: Int { bytes.count - index }

    mutating func byte() throws(FrameError) -> UInt8 {
        guard index < bytes.count else { throw .content(.varint) }
        defer { index += 1 }
        return bytes[index]
    }

    mutating func varint() throws(FrameError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            guard shift < 63 || next <= 1 else { throw .content(.varint) }
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }

    mutating func signed() throws(FrameError) -> Int64 { unzigzag(try varint()) }

    /// A count, bounded before anything is allocated for it.
    mutating func count(atMost limit: Int) throws(FrameError) -> Int {
        let value = try varint()
        guard value <= UInt64(limit) else { throw .content(.count) }
        return Int(value)
    }

    mutating func fixed64() throws(FrameError) -> Int64 {
        let slice = try take(8)
        return Int64(littleEndian: slice.loadUnaligned(as: Int64.self))
    }

    mutating func fixed32() throws(FrameError) -> UInt32 {
        UInt32(littleEndian: try take(4).loadUnaligned(as: UInt32.self))
    }

    mutating func number32() throws(FrameError) -> UInt32 {
        let value = try varint()
        guard value <= UInt64(UInt32.max) else { throw .content(.count) }
        return UInt32(value)
    }

    mutating func take(_ count: Int) throws(FrameError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw .content(.slice) }
        defer { index += count }
        return UnsafeRawBufferPointer(rebasing: bytes[index..<index + count])
    }
}
