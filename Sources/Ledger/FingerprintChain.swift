internal import FrameCodec
internal import SegmentModel

/// Computes the ledger's fingerprint, event after event.
///
/// It is a chain over what the events say: two halves of 64 bits, each of which takes in 16 bytes
/// by a multiplication whose halves are folded (as wyhash, Wang Yi), and keeps its old value
/// rotated. That is no defence against a forger. An accident cannot make two ledgers that differ
/// look alike.
/// docs/internals/ledger-format.md draws what is taken in.
///
/// Invariants:
/// - the digest is the same in whichever frames the events lie;
/// - it is never 0, which in a frame means that it is not known.
///
/// Complexity of an event: O(its bytes), some 10 ns for a new profile with a field.
struct FingerprintChain: Sendable {
    private static let key: (UInt64, UInt64, UInt64) = (
        0x9E37_79B9_7F4A_7C15, 0xBF58_476D_1CE4_E5B9, 0xD6E8_FEB8_6659_FD93
    )

    private var low: UInt64
    private var high: UInt64

    /// Of no event.
    init() { (low, high) = (Self.key.2, Self.key.0) }

    init(digest: UInt128) {
        low = UInt64(truncatingIfNeeded: digest)
        high = UInt64(truncatingIfNeeded: digest >> 64)
    }

    var digest: UInt128 {
        let digest = UInt128(high) << 64 | UInt128(low)
        return digest == 0 ? 1 : digest
    }

    /// Takes in a whole frame.
    ///
    /// - Parameter names: hashes of the names of fields, by number: all that the frame uses.
    mutating func add(_ frame: Frame, names: FieldNameHashes) {
        var profileCount = frame.firstOrdinal
        add(frame, frame.events.indices, &profileCount, names: names)
    }

    /// Takes in the next events of a frame, by their numbers in it.
    ///
    /// - Parameter profileCount: profiles named before them, and then behind them.
    mutating func add(
        _ frame: Frame, _ range: Range<Int>, _ profileCount: inout UInt32,
        names: FieldNameHashes
    ) {
        frame.bytes.withUnsafeBytes { bytes in
            frame.ordinals.withUnsafeBytes { ordinals in
                for event in frame.events[range] {
                    add(event, of: frame, bytes, ordinals, &profileCount)
                    for record in frame.records[event.recordRange] {
                        add(record, of: frame, bytes, names)
                    }
                }
            }
        }
    }

    private mutating func add(
        _ event: Frame.Event, of frame: Frame, _ bytes: UnsafeRawBufferPointer,
        _ ordinals: UnsafeRawBufferPointer, _ profileCount: inout UInt32
    ) {
        let range = event.ordinalRange
        // The ordinals ascend, so that new profiles are the last ones.
        let last = range.isEmpty ? 0 : frame.ordinals[range.upperBound - 1]
        let isNew = !range.isEmpty && last >= profileCount
        let newCount = isNew ? last - profileCount + 1 : 0
        let kind = UInt64(event.kind.rawValue) | (event.ownTime == nil ? 0 : 1 << 8)
        put(kind | UInt64(event.ordinalCount) << 32, word(event.segment.rawValue))
        put(word(event.time.rawValue), word(event.recordedAt.rawValue))
        put(
            word(event.ownTime?.rawValue ?? 0),
            UInt64(event.eventID.count) | UInt64(event.body.count) << 32)
        put(UInt64(event.recordCount), UInt64(newCount))
        put(bytes, event.eventID)
        put(bytes, event.body)
        put(UnsafeRawBufferPointer(rebasing: ordinals[range.lowerBound * 4..<range.upperBound * 4]))
        guard isNew else { return }
        for ordinal in profileCount...last {
            let id = frame.newProfiles[Int(ordinal - frame.firstOrdinal)]
            put(UInt64(id.count), UInt64(ordinal))
            put(bytes, id)
        }
        profileCount = last + 1
    }

    private mutating func add(
        _ record: Frame.FieldRecord, of frame: Frame, _ bytes: UnsafeRawBufferPointer,
        _ names: FieldNameHashes
    ) {
        for change in frame.changes[record.changeRange] {
            let kind = UInt64(change.kind.rawValue) | UInt64(change.value.count) << 8
            put(names[change.name] ^ UInt64(record.ordinal), kind)
            put(bytes, change.value)
        }
    }

    private func word(_ number: Int64) -> UInt64 { UInt64(bitPattern: number) }

    private mutating func put(_ bytes: UnsafeRawBufferPointer, _ slice: Frame.Slice) {
        if slice.count > 0 { put(UnsafeRawBufferPointer(rebasing: bytes[slice.range])) }
    }

    /// Their number was put before.
    @inline(__always)
    private mutating func put(_ bytes: UnsafeRawBufferPointer) {
        var place = 0
        while place + 16 <= bytes.count {
            put(Self.load(bytes, place), Self.load(bytes, place + 8))
            place += 16
        }
        guard place < bytes.count else { return }
        var rest: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &rest) {
            $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[place...]))
        }
        put(UInt64(littleEndian: rest.0), UInt64(littleEndian: rest.1))
    }

    private static func load(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    }

    @inline(__always)
    private mutating func put(_ first: UInt64, _ second: UInt64) {
        let left = (first ^ low).multipliedFullWidth(by: second ^ Self.key.0)
        let right = (second ^ high).multipliedFullWidth(by: first ^ Self.key.1)
        low = (low << 29 | low >> 35) ^ left.high ^ left.low
        high = (high << 31 | high >> 33) ^ right.high ^ right.low
    }
}

extension FingerprintChain {
    /// Of a text by itself.
    static func hash(of text: UnsafeRawBufferPointer) -> UInt64 {
        var chain = FingerprintChain()
        chain.put(UInt64(text.count), 0)
        chain.put(text)
        return chain.low
    }
}

/// A hash of each field name, by its number.
struct FieldNameHashes: Sendable {
    private var hashes: [UInt64] = []

    subscript(number: UInt32) -> UInt64 { hashes[Int(number)] }

    /// Adds the names that came since. Complexity: O(their bytes).
    mutating func extend(_ names: InternTable) {
        while hashes.count < names.count {
            names.bytes(of: hashes.count).withUnsafeBytes {
                hashes.append(FingerprintChain.hash(of: $0))
            }
        }
    }
}
