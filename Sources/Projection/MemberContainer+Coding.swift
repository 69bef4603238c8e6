internal import SegmentModel

// The stored form: a Roaring bitmap of one container in the portable format
// (RoaringFormatSpec), so that every Roaring library can read it. Little-endian:
//
//     array or bitset                        runs
//     12346 u32 | 1 u32                      12347 u32 | 1 u8
//     key u16 | members - 1 u16              key u16 | members - 1 u16
//     16 u32, where the container begins     run count u16
//     members u16 each, or 1024 words u64    start u16 | length - 1 u16, for each run
//
// Runs where they are shorter, else the array up to 4096 members, else the bitset: the bytes depend
// on the members alone (INV-5).
extension MemberContainer {
    /// Bytes of the longest stored form.
    static let storedByteCountMax = 16 + bitsetByteCount

    private static let cookie: UInt32 = 12346
    private static let runCookie: UInt32 = 12347
    private static let headerByteCount = 16
    private static let runHeaderByteCount = 9

    /// Writes the stored form into `buffer` and returns its bytes. Precondition: not empty.
    func encode(
        key: UInt16, into buffer: UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        precondition(count > 0, "an empty container is not stored")
        let runCount = self.runCount
        let plainByteCount = count > Self.arrayCountMax ? Self.bitsetByteCount : count * 2
        if 2 + 4 * runCount < plainByteCount {
            return encodeRuns(runCount, key: key, into: buffer)
        }
        buffer.store(Self.cookie, at: 0)
        buffer.store(UInt32(1), at: 4)
        buffer.store(key, at: 8)
        buffer.store(UInt16(count - 1), at: 10)
        buffer.store(UInt32(Self.headerByteCount), at: 12)
        let body = UnsafeMutableRawBufferPointer(
            rebasing: buffer[Self.headerByteCount..<Self.headerByteCount + plainByteCount])
        if isBitset, count > Self.arrayCountMax {
            body.copyMemory(from: UnsafeRawBufferPointer(words))
        } else {
            var offset = 0
            forEachMember {
                body.store($0, at: offset)
                offset += 2
            }
        }
        return UnsafeRawBufferPointer(rebasing: buffer[..<(Self.headerByteCount + plainByteCount)])
    }

    private func encodeRuns(
        _ runCount: Int, key: UInt16, into buffer: UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        buffer.store(Self.runCookie, at: 0)
        buffer.store(UInt8(1), at: 4)
        buffer.store(key, at: 5)
        buffer.store(UInt16(count - 1), at: 7)
        buffer.store(UInt16(runCount), at: Self.runHeaderByteCount)
        var offset = Self.runHeaderByteCount + 2
        var start = -1
        var previous = -2
        forEachMember {
            let value = Int($0)
            if value != previous + 1 {
                if start >= 0 {
                    buffer.store(UInt16(previous - start), at: offset + 2)
                    offset += 4
                }
                start = value
                buffer.store($0, at: offset)
            }
            previous = value
        }
        buffer.store(UInt16(previous - start), at: offset + 2)
        return UnsafeRawBufferPointer(rebasing: buffer[..<(offset + 4)])
    }

    /// Number of runs of neighbouring members.
    private var runCount: Int {
        var runs = 0
        var previous = -2
        for value in values {
            runs += Int(value) == previous + 1 ? 0 : 1
            previous = Int(value)
        }
        var carry: UInt64 = 0
        for word in words {
            runs += (word & ~(word << 1 | carry)).nonzeroBitCount
            carry = word >> 63
        }
        return runs
    }

    /// Reads the stored form.
    ///
    /// - Throws: `projectionInvalid` for bytes that are not exactly one container of `key`.
    init(decoding bytes: UnsafeRawBufferPointer, key: UInt16) throws {
        self.init()
        isLoaded = true
        guard bytes.count >= Self.runHeaderByteCount else { throw Self.damaged }
        switch bytes.load(UInt32.self, at: 0) {
        case Self.cookie: try decodePlain(bytes, key)
        case Self.runCookie: try decodeRuns(bytes, key)
        default: throw Self.damaged
        }
    }

    private mutating func decodePlain(_ bytes: UnsafeRawBufferPointer, _ key: UInt16) throws {
        guard bytes.count > Self.headerByteCount, bytes.load(UInt32.self, at: 4) == 1,
            bytes.load(UInt16.self, at: 8) == key,
            bytes.load(UInt32.self, at: 12) == UInt32(Self.headerByteCount)
        else { throw Self.damaged }
        let stated = Int(bytes.load(UInt16.self, at: 10)) + 1
        let body = UnsafeRawBufferPointer(rebasing: bytes[Self.headerByteCount...])
        if stated > Self.arrayCountMax {
            guard body.count == Self.bitsetByteCount else { throw Self.damaged }
            let words = becomeBitset()
            var found = 0
            for index in 0..<Self.wordCount {
                words[index] = body.load(UInt64.self, at: index * 8)
                found += words[index].nonzeroBitCount
            }
            setBitCount(found)
            guard found == stated else { throw Self.damaged }
        } else {
            guard body.count == stated * 2 else { throw Self.damaged }
            let array = becomeArray(count: stated)
            var isAscending = true
            for index in 0..<stated {
                array[index] = body.load(UInt16.self, at: index * 2)
                if index > 0, array[index] <= array[index - 1] { isAscending = false }
            }
            guard isAscending else { throw Self.damaged }
        }
    }

    private mutating func decodeRuns(_ bytes: UnsafeRawBufferPointer, _ key: UInt16) throws {
        guard bytes.count > Self.runHeaderByteCount + 2, bytes[4] == 1,
            bytes.load(UInt16.self, at: 5) == key
        else { throw Self.damaged }
        let stated = Int(bytes.load(UInt16.self, at: 7)) + 1
        let runCount = Int(bytes.load(UInt16.self, at: Self.runHeaderByteCount))
        guard bytes.count == Self.runHeaderByteCount + 2 + 4 * runCount else { throw Self.damaged }
        let words = becomeBitset()
        var found = 0
        var free = 0
        for run in 0..<runCount {
            let offset = Self.runHeaderByteCount + 2 + 4 * run
            let start = Int(bytes.load(UInt16.self, at: offset))
            let last = start + Int(bytes.load(UInt16.self, at: offset + 2))
            guard start >= free, last < 65_536 else { throw Self.damaged }
            Self.setBits(start...last, in: words)
            found += last - start + 1
            free = last + 2
        }
        setBitCount(found)
        guard found == stated else { throw Self.damaged }
        if found < Self.quickArrayCountMax { compact() }
    }

    private static func setBits(
        _ range: ClosedRange<Int>, in words: UnsafeMutablePointer<UInt64>
    ) {
        for index in range.lowerBound >> 6...range.upperBound >> 6 {
            let low = max(range.lowerBound - index * 64, 0)
            let high = min(range.upperBound - index * 64, 63)
            words[index] |= (UInt64.max << UInt64(low)) & (UInt64.max >> UInt64(63 - high))
        }
    }

    private static let damaged = Failure(
        .projectionInvalid, "the projections hold a membership that cannot be read",
        hint: Failure.rebuildHint)
}

extension UnsafeRawBufferPointer {
    /// A little-endian number at a byte offset of any alignment.
    fileprivate func load<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) -> Number
    {
        precondition(offset + MemoryLayout<Number>.size <= count, "a read stays in its buffer")
        return Number(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate func store<Number: FixedWidthInteger>(_ number: Number, at offset: Int) {
        precondition(offset + MemoryLayout<Number>.size <= count, "a write stays in its buffer")
        storeBytes(of: number.littleEndian, toByteOffset: offset, as: Number.self)
    }
}
