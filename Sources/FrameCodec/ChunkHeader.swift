package import SegmentModel

/// The payload of a chunk's first frame: which ledger, which place in it, and what came before, so
/// that a missing or exchanged file is seen.
///
/// ```
///   0 ledger 16 | 16 timeline 16 | 32 chunk id 8 | 40 created 8 | 48 first position 8
///  56 first ordinal 4 | 60 first field name 4
///  64 predecessor: chunk id 8 | 72 byte count 8 | 80 frame count 8   (all zero: none)
///  88 replaced chunk id 8 (0: none; set by recovery, which copies a good prefix)
///  96 last platform time 8 | 104 last recorded time 8
/// 112 salt state: the rest            (absent in chunks of format version 1)
/// ```
package struct ChunkHeader: Hashable, Sendable {
    /// Bytes without the salt state.
    package static let byteCount = 112
    /// Bytes of the salt state at most: erasing one profile adds about 1.2 KiB.
    package static let saltStateByteCountMax = 16 << 20

    package struct Predecessor: Hashable, Sendable {
        package var chunkID: UInt64
        package var byteCount: UInt64
        package var frameCount: UInt64

        package init(chunkID: UInt64, byteCount: UInt64, frameCount: UInt64) {
            self.chunkID = chunkID
            self.byteCount = byteCount
            self.frameCount = frameCount
        }
    }

    /// 16 bytes each.
    package var ledger: [UInt8]
    package var timeline: [UInt8]
    /// Also the salt of the file's frames and part of its name; never 0.
    package var chunkID: UInt64
    package var createdAt: Timestamp
    package var firstPosition: Position
    package var firstOrdinal: UInt32
    package var firstFieldName: UInt32
    package var predecessor: Predecessor?
    package var replacedChunkID: UInt64?
    /// Ledger time and record time before the first event; the smallest number: none.
    package var lastTime: Timestamp
    package var lastRecordedAt: Timestamp
    /// What the salts of the Merkle leaves come from, as `SaltTree` writes it; empty: none yet.
    package var saltState: [UInt8] = []

    package init(
        ledger: [UInt8], timeline: [UInt8], chunkID: UInt64, createdAt: Timestamp,
        firstPosition: Position, firstOrdinal: UInt32, firstFieldName: UInt32,
        predecessor: Predecessor?, replacedChunkID: UInt64?, lastTime: Timestamp,
        lastRecordedAt: Timestamp, saltState: [UInt8] = []
    ) {
        self.saltState = saltState
        self.ledger = ledger
        self.timeline = timeline
        self.chunkID = chunkID
        self.createdAt = createdAt
        self.firstPosition = firstPosition
        self.firstOrdinal = firstOrdinal
        self.firstFieldName = firstFieldName
        self.predecessor = predecessor
        self.replacedChunkID = replacedChunkID
        self.lastTime = lastTime
        self.lastRecordedAt = lastRecordedAt
    }

    package func encoded() -> [UInt8] {
        precondition(ledger.count == 16 && timeline.count == 16, "identities are 16 bytes")
        var output = ledger + timeline
        output.appendLittleEndian(chunkID)
        output.appendLittleEndian(createdAt.rawValue)
        output.appendLittleEndian(firstPosition.rawValue)
        output.appendLittleEndian(firstOrdinal)
        output.appendLittleEndian(firstFieldName)
        output.appendLittleEndian(predecessor?.chunkID ?? 0)
        output.appendLittleEndian(predecessor?.byteCount ?? 0)
        output.appendLittleEndian(predecessor?.frameCount ?? 0)
        output.appendLittleEndian(replacedChunkID ?? 0)
        output.appendLittleEndian(lastTime.rawValue)
        output.appendLittleEndian(lastRecordedAt.rawValue)
        output.append(contentsOf: saltState)
        return output
    }

    package init(payload: [UInt8]) throws(FrameError) {
        guard payload.count >= Self.byteCount,
            payload.count <= Self.byteCount + Self.saltStateByteCountMax
        else { throw .content(.count) }
        func number(_ offset: Int) -> UInt64 {
            payload.withUnsafeBytes {
                UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            }
        }
        ledger = Array(payload[0..<16])
        timeline = Array(payload[16..<32])
        chunkID = number(32)
        createdAt = Timestamp(rawValue: Int64(bitPattern: number(40)))
        firstPosition = Position(number(48))
        firstOrdinal = UInt32(truncatingIfNeeded: number(56))
        firstFieldName = UInt32(truncatingIfNeeded: number(56) >> 32)
        predecessor =
            number(64) == 0
            ? nil
            : Predecessor(chunkID: number(64), byteCount: number(72), frameCount: number(80))
        replacedChunkID = number(88) == 0 ? nil : number(88)
        lastTime = Timestamp(rawValue: Int64(bitPattern: number(96)))
        lastRecordedAt = Timestamp(rawValue: Int64(bitPattern: number(104)))
        saltState = Array(payload[Self.byteCount...])
    }
}
