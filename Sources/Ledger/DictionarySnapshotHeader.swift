internal import FrameCodec
internal import SegmentModel

/// The first 208 bytes of a snapshot, and where everything else is: both follow from its numbers.
///
/// ```
///   0 magic "SGLS" 4 | 4 version 4 | 8 ledger id 16 | 24 timeline id 16
///  40 chunk id 8 | 48 position 8 | 56 seed 8
///  64 newest ledger time 8 | 72 newest record time 8
///  80 profiles 8 | 88 event ids 8 | 96 field names 8 | 104 bytes of field names 8
/// 112 record pages 8 | 120 record page appended to 8
/// 128 profile slots: factor 4 | group shift 4 | groups migrated 8
/// 144 event id slots: the same
/// 160 pieces 8 | 168 bytes of the file 8 | 176 bytes of the tables 8
/// 184 bytes of the chunk before the position 8 | 192 CRC-32C of these 4 | 196 zeros 4
/// 200 CRC-32C of the tables 4 | 204 CRC-32C of bytes 0..<204, 4
/// ```
struct DictionarySnapshotHeader: Hashable, Sendable {
    static let byteCount = 208
    static let version: UInt32 = 2
    static let magicBytes = Array("SGLS".utf8)
    private static let magic: UInt32 = 0x534C_4753

    var identity = DictionarySnapshot.Identity(ledger: [], timeline: [])
    var place = DictionarySnapshot.Place(position: Position(0), chunkID: 0)
    var seed: UInt64 = 0
    var lastTime: Int64 = 0
    var lastRecordedAt: Int64 = 0
    var profileCount: UInt64 = 0
    var eventIDCount: UInt64 = 0
    var fieldNameCount: UInt64 = 0
    var fieldNameByteCount: UInt64 = 0
    var recordPageCount: UInt64 = 0
    var recordTail: UInt64 = 0
    var profileGeometry = SlotTableGeometry(isDense: false)
    var eventIDGeometry = SlotTableGeometry(isDense: true)
    var pieceCount: UInt64 = 0
    var fileByteCount: UInt64 = 0
    var tableByteCount: UInt64 = 0
    var tableChecksum: UInt32 = 0

    func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(Self.magic)
        bytes.appendLittleEndian(Self.version)
        bytes += identity.ledger
        bytes += identity.timeline
        bytes.appendLittleEndian(place.chunkID)
        bytes.appendLittleEndian(place.position.rawValue)
        bytes.appendLittleEndian(seed)
        bytes.appendLittleEndian(lastTime)
        bytes.appendLittleEndian(lastRecordedAt)
        bytes.appendLittleEndian(profileCount)
        bytes.appendLittleEndian(eventIDCount)
        bytes.appendLittleEndian(fieldNameCount)
        bytes.appendLittleEndian(fieldNameByteCount)
        bytes.appendLittleEndian(recordPageCount)
        bytes.appendLittleEndian(recordTail)
        for geometry in [profileGeometry, eventIDGeometry] {
            bytes.appendLittleEndian(UInt32(geometry.factor))
            bytes.appendLittleEndian(UInt32(geometry.groupShift))
            bytes.appendLittleEndian(UInt64(geometry.migratedGroupCount))
        }
        bytes.appendLittleEndian(pieceCount)
        bytes.appendLittleEndian(fileByteCount)
        bytes.appendLittleEndian(tableByteCount)
        bytes.appendLittleEndian(UInt64(place.byteCount))
        bytes.appendLittleEndian(place.checksum)
        bytes.appendLittleEndian(UInt32(0))
        bytes.appendLittleEndian(tableChecksum)
        bytes.appendLittleEndian(bytes.withUnsafeBytes { crc32c($0) })
        return bytes
    }

    init() {}

    /// Reads a header; `bytes` are the first of the file.
    init(_ bytes: UnsafeRawBufferPointer) throws(DictionarySnapshotError) {
        guard bytes.count >= Self.byteCount else { throw .damaged(.length) }
        func number32(_ offset: Int) -> UInt32 {
            UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        func number64(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        func geometry(
            _ offset: Int, isDense: Bool
        ) throws(DictionarySnapshotError) -> SlotTableGeometry {
            guard let migrated = Int(exactly: number64(offset + 8)),
                let geometry = SlotTableGeometry(
                    isDense: isDense, factor: Int(number32(offset)),
                    groupShift: Int(number32(offset + 4)),
                    migratedGroupCount: migrated)
            else { throw .damaged(.header) }
            return geometry
        }
        guard number32(0) == Self.magic else { throw .damaged(.header) }
        // First: where the checksum stands is the version's business.
        guard number32(4) == Self.version else { throw .version(number32(4)) }
        let covered = UnsafeRawBufferPointer(rebasing: bytes[..<(Self.byteCount - 4)])
        guard number32(Self.byteCount - 4) == crc32c(covered) else { throw .damaged(.header) }
        identity = DictionarySnapshot.Identity(
            ledger: Array(bytes[8..<24]), timeline: Array(bytes[24..<40]))
        guard number64(184) <= UInt64(1) << 44, number32(196) == 0 else {
            throw .damaged(.header)
        }
        place = DictionarySnapshot.Place(
            position: Position(number64(48)), chunkID: number64(40),
            byteCount: Int(number64(184)), checksum: number32(192))
        seed = number64(56)
        lastTime = Int64(bitPattern: number64(64))
        lastRecordedAt = Int64(bitPattern: number64(72))
        profileCount = number64(80)
        eventIDCount = number64(88)
        fieldNameCount = number64(96)
        fieldNameByteCount = number64(104)
        recordPageCount = number64(112)
        recordTail = number64(120)
        profileGeometry = try geometry(128, isDense: false)
        eventIDGeometry = try geometry(144, isDense: true)
        pieceCount = number64(160)
        fileByteCount = number64(168)
        tableByteCount = number64(176)
        tableChecksum = number32(200)
        try checkBounds()
    }

    /// Bounds that keep every later sum far from overflow.
    private func checkBounds() throws(DictionarySnapshotError) {
        let limit = UInt64(1) << 44
        guard profileCount <= UInt32.max, eventIDCount <= UInt32.max,
            fieldNameCount <= tableByteCount, fieldNameByteCount <= tableByteCount,
            recordPageCount >= 1, recordPageCount <= RecordArena.pageCountMax,
            recordTail < recordPageCount, pieceCount <= tableByteCount, fileByteCount <= limit,
            tableByteCount <= fileByteCount
        else { throw .damaged(.header) }
    }

    /// Bytes of the tables that follow the header, with zeros up to a multiple of 4096 of the file:
    /// record pages (used units 4, span 4), lengths of field names (4), field names, checksums of
    /// the pieces (4).
    var expectedTableByteCount: UInt64 {
        let tables = recordPageCount * 8 + fieldNameCount * 4 + fieldNameByteCount + pieceCount * 4
        return UInt64(DictionarySnapshot.aligned(Self.byteCount + Int(tables)) - Self.byteCount)
    }

    /// Whether the slots stand in the file; fewer are made again from the records.
    var hasProfileSlots: Bool { profileCount >= DictionarySnapshot.slotsStoredCountMin }

    /// Whether event ids stand as the pages of their table; fewer stand one after the other.
    var hasEventIDPages: Bool { eventIDCount >= DictionarySnapshot.slotsStoredCountMin }
}
