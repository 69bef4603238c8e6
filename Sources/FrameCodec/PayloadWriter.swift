/// Builds a payload in memory that is reused: varints are LEB128, signed numbers zig-zag.
struct PayloadWriter {
    private var buffer: GrowableBuffer<UInt8>
    private(set) var count = 0
    /// Bytes of text that a decoder puts out for what was written.
    var textByteCount = 0

    init(reusing buffer: GrowableBuffer<UInt8>) { self.buffer = buffer }

    /// The memory, to be used again. The first `count` bytes are the payload.
    consuming func finish() -> GrowableBuffer<UInt8> { buffer }

    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: buffer.pointer, count: count)
    }

    /// Where the next byte goes, with room for `length` bytes; `advance` takes them in.
    @inline(__always)
    mutating func reserve(_ length: Int) -> UnsafeMutableRawPointer {
        if buffer.capacity - count < length { buffer.grow(to: count + length, keeping: count) }
        return UnsafeMutableRawPointer(buffer.pointer + count)
    }

    @inline(__always)
    mutating func advance(_ length: Int) { count &+= length }

    @inline(__always)
    mutating func byte(_ value: UInt8) {
        reserve(1).storeBytes(of: value, as: UInt8.self)
        count &+= 1
    }

    mutating func varint(_ number: UInt64) {
        let target = reserve(10)
        var rest = number
        var length = 0
        while rest >= 0x80 {
            target.storeBytes(
                of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: length, as: UInt8.self)
            rest &>>= 7
            length &+= 1
        }
        target.storeBytes(
            of: UInt8(truncatingIfNeeded: rest), toByteOffset: length, as: UInt8.self)
        count &+= length &+ 1
    }

    mutating func varint(_ number: Int) { varint(UInt64(number)) }

    mutating func signed(_ number: Int64) { varint(zigzag(number)) }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count).copyMemory(from: source, byteCount: bytes.count)
        count &+= bytes.count
    }

    mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
        append(UnsafeRawBufferPointer(text))
    }

    /// Writes over four bytes that stand already.
    mutating func overwrite(at offset: Int, with number: UInt32) {
        precondition(offset + 4 <= count, "the bytes to write over are not there")
        UnsafeMutableRawPointer(buffer.pointer + offset).storeBytes(
            of: number.littleEndian, as: UInt32.self)
    }
}

@inline(__always)
func zigzag(_ number: Int64) -> UInt64 {
    UInt64(bitPattern: (number << 1) ^ (number >> 63))
}

@inline(__always)
func unzigzag(_ number: UInt64) -> Int64 {
    Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
}

@inline(__always)
func unzigzag32(_ number: UInt32) -> UInt32 {
    (number >> 1) ^ (0 &- (number & 1))
}
