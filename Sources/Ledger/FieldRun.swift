internal import FrameCodec
internal import SegmentModel

/// The current fields of a profile as bytes: for each a varint of its name's number + 1, its kind
/// (1 byte), a varint of its length, and its value. A 0 ends the run.
///
/// Reads one field after the other. Bytes that are no run end it; nothing is read outside of them.
struct FieldRun {
    struct Stored {
        var name: UInt32
        var kind: UInt8
        var value: UnsafeRawBufferPointer
        /// The field as it stands in the run.
        var whole: UnsafeRawBufferPointer
    }

    private let bytes: UnsafeRawBufferPointer
    private var index = 0

    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    @inline(__always)
    init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = UnsafeRawBufferPointer(bytes) }

    @inline(__always)
    mutating func next() -> Stored? {
        let start = index
        guard let name = varint(), name > 0, index < bytes.count else { return nil }
        let kind = bytes[index]
        index += 1
        guard let count = varint(), count <= UInt64(bytes.count - index) else { return nil }
        let valueStart = index
        index += Int(count)
        return Stored(
            name: UInt32(truncatingIfNeeded: name - 1), kind: kind,
            value: UnsafeRawBufferPointer(rebasing: bytes[valueStart..<index]),
            whole: UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
    }

    @inline(__always)
    private mutating func varint() -> UInt64? {
        guard index < bytes.count else { return nil }
        let first = bytes[index]
        index += 1
        return first < 0x80 ? UInt64(first) : longVarint(first)
    }

    private mutating func longVarint(_ first: UInt8) -> UInt64? {
        var value = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while index < bytes.count, shift < 35 {
            let byte = bytes[index]
            index += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    /// Whether a stored field has a kind and a value.
    @inline(__always)
    static func holds(
        _ stored: Stored, _ kind: FieldKind, _ value: UnsafeRawBufferPointer
    ) -> Bool {
        guard stored.kind == kind.rawValue, stored.value.count == value.count else { return false }
        guard let left = stored.value.baseAddress, let right = value.baseAddress else {
            return true
        }
        return areEqual(left, right, value.count)
    }

    /// Bytes that a field takes in a run.
    @inline(__always)
    static func byteCount(name: UInt32, valueByteCount: Int) -> Int {
        varintByteCount(UInt64(name) + 1) + 1 + varintByteCount(UInt64(valueByteCount))
            + valueByteCount
    }

    @inline(__always)
    private static func varintByteCount(_ value: UInt64) -> Int {
        value < 0x80 ? 1 : (70 - value.leadingZeroBitCount) / 7
    }

    /// Writes a field where `byteCount` of it are free, and returns where it ends.
    @inline(__always)
    static func write(
        name: UInt32, _ kind: FieldKind, _ value: UnsafeRawBufferPointer,
        at place: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        var place = writeVarint(UInt64(name) + 1, at: place)
        place.storeBytes(of: kind.rawValue, as: UInt8.self)
        place = writeVarint(UInt64(value.count), at: place + 1)
        if let bytes = value.baseAddress {
            place.copyMemory(from: bytes, byteCount: value.count)
        }
        return place + value.count
    }

    @inline(__always)
    private static func writeVarint(
        _ value: UInt64, at place: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        var rest = value
        var place = place
        while rest >= 0x80 {
            place.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
            place += 1
            rest &>>= 7
        }
        place.storeBytes(of: UInt8(truncatingIfNeeded: rest), as: UInt8.self)
        return place + 1
    }

    static func append(
        name: UInt32, _ kind: FieldKind, _ value: UnsafeRawBufferPointer, to run: inout [UInt8]
    ) {
        let start = run.count
        run += repeatElement(0, count: byteCount(name: name, valueByteCount: value.count))
        run.withUnsafeMutableBytes {
            _ = write(name: name, kind, value, at: $0.baseAddress! + start)
        }
    }
}
