/// Builds a payload: varints are LEB128, signed numbers zig-zag.
struct PayloadWriter {
    private(set) var bytes: [UInt8]

    init(reusing bytes: [UInt8]) {
        self.bytes = bytes
        self.bytes.removeAll(keepingCapacity: true)
    }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func varint(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func varint(_ number: Int) { varint(UInt64(number)) }

    mutating func signed(_ number: Int64) { varint(zigzag(number)) }

    mutating func fixed64(_ number: Int64) { bytes.appendLittleEndian(number) }

    mutating func append(_ slice: some Collection<UInt8>) { bytes.append(contentsOf: slice) }
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
func zigzag32(_ number: UInt32) -> UInt32 {
    let signed = Int32(bitPattern: number)
    return UInt32(bitPattern: (signed << 1) ^ (signed >> 31))
}

@inline(__always)
func unzigzag32(_ number: UInt32) -> UInt32 {
    (number >> 1) ^ (0 &- (number & 1))
}
