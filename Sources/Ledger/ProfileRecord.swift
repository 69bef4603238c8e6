/// What the dictionary holds of one profile, in one piece, so that one read from memory brings the
/// id and the current fields.
///
/// ```
///  0 ordinal 4 | 4 length of the record in units of 8 bytes 4 | 8 length of the id - 1, 1
///  9 id | fields (FieldRun) | zeros up to the length
/// ```
struct ProfileRecord {
    static let headerByteCount = 9

    let base: UnsafeMutableRawPointer

    @inline(__always)
    var ordinal: UInt32 { UInt32(littleEndian: base.load(as: UInt32.self)) }

    @inline(__always)
    var unitCount: Int {
        Int(UInt32(littleEndian: base.load(fromByteOffset: 4, as: UInt32.self)))
    }

    @inline(__always)
    var idByteCount: Int { Int(base.load(fromByteOffset: 8, as: UInt8.self)) + 1 }

    @inline(__always)
    var id: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + Self.headerByteCount, count: idByteCount)
    }

    /// The fields, and the zeros behind them.
    @inline(__always)
    var run: UnsafeMutableRawBufferPointer {
        let start = Self.headerByteCount + idByteCount
        return UnsafeMutableRawBufferPointer(
            start: base + start, count: unitCount * RecordArena.unitByteCount - start)
    }

    /// Units of a record with an id and a run of so many bytes.
    @inline(__always)
    static func unitCount(idByteCount: Int, runByteCount: Int) -> Int {
        (headerByteCount + idByteCount + runByteCount + RecordArena.unitByteCount - 1)
            / RecordArena.unitByteCount
    }

    /// Writes header and id; the fields stay as they are (zeros in a new place).
    @inline(__always)
    func initialize(ordinal: UInt32, unitCount: Int, id: UnsafeRawBufferPointer) {
        base.storeBytes(of: ordinal.littleEndian, as: UInt32.self)
        base.storeBytes(
            of: UInt32(truncatingIfNeeded: unitCount).littleEndian, toByteOffset: 4,
            as: UInt32.self)
        base.storeBytes(
            of: UInt8(truncatingIfNeeded: id.count - 1), toByteOffset: 8, as: UInt8.self)
        UnsafeMutableRawBufferPointer(start: base + Self.headerByteCount, count: id.count)
            .copyMemory(from: id)
    }

    /// Whether this is the record of an id.
    @inline(__always)
    func hasID(_ id: UnsafeRawBufferPointer) -> Bool {
        idByteCount == id.count && areEqual(self.id.baseAddress!, id.baseAddress!, id.count)
    }
}

/// Whether `count` bytes at two places are the same. Faster than `memcmp` for short runs of unknown
/// length: eight bytes at a time, the last eight overlapping.
@inline(__always)
func areEqual(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, _ count: Int) -> Bool {
    if count >= 8 {
        var difference: UInt64 = 0
        var index = 0
        while index + 8 < count {
            difference |=
                left.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                ^ right.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            index += 8
        }
        difference |=
            left.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
            ^ right.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
        return difference == 0
    }
    for index in 0..<count
    where left.load(fromByteOffset: index, as: UInt8.self)
        != right.load(fromByteOffset: index, as: UInt8.self)
    {
        return false
    }
    return true
}
