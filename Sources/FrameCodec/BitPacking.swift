/// Unsigned numbers in as few bits as the largest of each block of 128 needs.
///
/// ```
/// block: width 1 byte (0...64) | numbers, `width` bits each, lowest bit first, ceil to a byte
/// ```
///
/// The last block is shorter; a block of zeros is its width alone. Bit 0 of a number follows the
/// highest bit of the one before, in little-endian order.
enum BitPacking {
    static let blockLength = 128

    /// Bits of the largest of `count` numbers.
    @inline(__always)
    static func width<Number: FixedWidthInteger & UnsignedInteger>(
        _ numbers: UnsafePointer<Number>, _ count: Int
    ) -> Int {
        var all: Number = 0
        for index in 0..<count { all |= numbers[index] }
        return Number.bitWidth - all.leadingZeroBitCount
    }

    @inline(__always)
    static func byteCount(width: Int, count: Int) -> Int { (width * count + 7) / 8 }

    /// Appends all blocks of `count` numbers.
    static func encode<Number: FixedWidthInteger & UnsignedInteger>(
        _ numbers: UnsafePointer<Number>, _ count: Int, _ writer: inout PayloadWriter
    ) {
        var start = 0
        while start < count {
            let length = min(blockLength, count - start)
            let block = numbers + start
            let width = width(block, length)
            writer.byte(UInt8(width))
            if width > 0 {
                // The last word may reach 8 bytes beyond.
                let target = writer.reserve(byteCount(width: width, count: length) + 8)
                pack(block, length, width: width, into: target)
                writer.advance(byteCount(width: width, count: length))
            }
            start += length
        }
    }

    private static func pack<Number: FixedWidthInteger & UnsignedInteger>(
        _ numbers: UnsafePointer<Number>, _ count: Int, width: Int,
        into target: UnsafeMutableRawPointer
    ) {
        var word: UInt64 = 0
        var used = 0
        var output = target
        for index in 0..<count {
            let number = UInt64(truncatingIfNeeded: numbers[index])
            word |= number &<< UInt64(truncatingIfNeeded: used)
            used &+= width
            if used >= 64 {
                output.storeBytes(of: word.littleEndian, as: UInt64.self)
                output += 8
                used &-= 64
                // `>>` (not `&>>`): a shift by the whole width gives 0.
                word = number >> UInt64(truncatingIfNeeded: width &- used)
            }
        }
        if used > 0 { output.storeBytes(of: word.littleEndian, as: UInt64.self) }
    }

    /// Reads the blocks of `count` numbers.
    static func decode<Number: FixedWidthInteger & UnsignedInteger>(
        _ count: Int, _ reader: inout PayloadReader, into output: UnsafeMutablePointer<Number>
    ) throws(FrameError) {
        var start = 0
        while start < count {
            let length = min(blockLength, count - start)
            let width = Int(try reader.byte())
            guard width <= Number.bitWidth else { throw .content(.count) }
            let available = reader.remaining
            let bytes = try reader.take(byteCount(width: width, count: length))
            if width == 0 {
                (output + start).update(repeating: 0, count: length)
            } else {
                unpack(
                    bytes.baseAddress!, available: available, length, width: width,
                    into: output + start)
            }
            start += length
        }
    }

    /// - Parameter available: bytes that may be read from `bytes` on, at least those of the block.
    @inline(__always)
    private static func unpack<Number: FixedWidthInteger & UnsignedInteger>(
        _ bytes: UnsafeRawPointer, available: Int, _ count: Int, width: Int,
        into output: UnsafeMutablePointer<Number>
    ) {
        let mask = UInt64.max >> UInt64(64 - width)
        var index = 0
        if width <= 56, available >= 8 {
            // Numbers whose 8 bytes from their first on may be read.
            let whole = min(count, ((available - 8) * 8 + 7) / width + 1)
            var bit = 0
            while index < whole {
                let word = (bytes + bit &>> 3).loadUnaligned(as: UInt64.self)
                output[index] = Number(
                    truncatingIfNeeded: UInt64(littleEndian: word) &>> UInt64(bit & 7) & mask)
                bit &+= width
                index &+= 1
            }
        }
        while index < count {
            let bit = index * width
            let last = (bit + width - 1) / 8
            var word: UInt64 = 0
            var shift = -(bit & 7)
            for place in bit / 8...last {
                // Smart shifts: a negative count shifts the other way, 64 and more gives 0.
                word |= UInt64(bytes.load(fromByteOffset: place, as: UInt8.self)) << shift
                shift += 8
            }
            output[index] = Number(truncatingIfNeeded: word & mask)
            index += 1
        }
    }
}
