internal import CChecksum
package import SegmentModel

/// The 64 bytes in front of every frame. All numbers are little-endian.
///
/// ```
///   0  magic "SGLF"          4 | version 1 | kind 1 | codec 1 | flags 1
///   8  salt                  8   random per file: stale bytes never parse
///  16  frame number          8   dense in the file, from 0: a missing frame is visible
///  24  durable up to         8   bytes of this file known durable when this frame was built
///  32  first position        8
///  40  raw byte count        4
///  44  stored byte count     4
///  48  event count           4
///  52  change count          4
///  56  payload CRC-32C       4   over the stored bytes: checked before LZ4 sees them
///  60  header CRC-32C        4   over bytes 0..<60
///  64  payload, zero-padded to a multiple of 64; the padding must read as zero
/// ```
package struct FrameHeader: Hashable, Sendable {
    package enum Kind: UInt8, Sendable {
        /// Events.
        case data = 1
        /// No payload: everything before it is durable.
        case mark = 2
        /// First frame of a file: a `ChunkHeader`.
        case chunk = 3
        /// Last frame of a file that another follows; no payload.
        case end = 4
        /// Before the end of a sealed chunk: a `ChunkFooter`.
        case footer = 5
        /// The only frame of the manifest: a `LedgerManifest`.
        case manifest = 6
    }

    package enum Codec: UInt8, Sendable {
        case stored = 0
        case lz4 = 1
    }

    package static let byteCount = 64
    package static let alignment = 64
    /// What is written. Earlier ones are read as well; the payload of their data frames differs.
    package static let formatVersion: UInt8 = 3
    package static let readableVersions: ClosedRange<UInt8> = 1...3
    package static let magic: [UInt8] = Array("SGLF".utf8)

    package var kind: Kind
    /// Of the payload's form: one of `readableVersions`.
    package var version = Self.formatVersion
    package var codec: Codec = .stored
    /// The batch goes on in the next frame: they are acknowledged together or not at all.
    package var isContinued = false
    package var salt: UInt64
    package var frameNumber: UInt64
    package var durableUpTo: UInt64
    package var firstPosition: Position
    package var rawByteCount: UInt32 = 0
    package var storedByteCount: UInt32 = 0
    package var eventCount: UInt32 = 0
    package var changeCount: UInt32 = 0
    package var payloadChecksum: UInt32 = 0

    package init(
        kind: Kind, salt: UInt64, frameNumber: UInt64, durableUpTo: UInt64,
        firstPosition: Position
    ) {
        self.kind = kind
        self.salt = salt
        self.frameNumber = frameNumber
        self.durableUpTo = durableUpTo
        self.firstPosition = firstPosition
    }

    /// Bytes of the frame in the file: header, payload, padding.
    package var frameByteCount: Int {
        (Self.byteCount + Int(storedByteCount) + Self.alignment - 1) / Self.alignment
            * Self.alignment
    }
}

extension FrameHeader {
    /// Appends the 64 bytes.
    package func encode(into output: inout [UInt8]) {
        let start = output.count
        output.append(contentsOf: Self.magic)
        output.append(version)
        output.append(kind.rawValue)
        output.append(codec.rawValue)
        output.append(isContinued ? 1 : 0)
        output.appendLittleEndian(salt)
        output.appendLittleEndian(frameNumber)
        output.appendLittleEndian(durableUpTo)
        output.appendLittleEndian(firstPosition.rawValue)
        output.appendLittleEndian(rawByteCount)
        output.appendLittleEndian(storedByteCount)
        output.appendLittleEndian(eventCount)
        output.appendLittleEndian(changeCount)
        output.appendLittleEndian(payloadChecksum)
        let sum = output.withUnsafeBytes {
            crc32c(UnsafeRawBufferPointer(rebasing: $0[start..<start + 60]))
        }
        output.appendLittleEndian(sum)
    }

    /// Decodes and checks 64 bytes.
    package init(_ bytes: UnsafeRawBufferPointer) throws(FrameError) {
        guard bytes.count >= Self.byteCount else { throw .truncated }
        guard bytes[0..<4].elementsEqual(Self.magic) else { throw .magic }
        let sum = bytes.loadUnaligned(fromByteOffset: 60, as: UInt32.self)
        guard UInt32(littleEndian: sum) == crc32c(UnsafeRawBufferPointer(rebasing: bytes[0..<60]))
        else { throw .headerChecksum }
        guard Self.readableVersions.contains(bytes[4]) else { throw .version(bytes[4]) }
        guard let kind = Kind(rawValue: bytes[5]), let codec = Codec(rawValue: bytes[6]),
            bytes[7] <= 1
        else { throw .header }
        func number(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        func half(_ offset: Int) -> UInt32 {
            UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        self.kind = kind
        version = bytes[4]
        self.codec = codec
        isContinued = bytes[7] == 1
        salt = number(8)
        frameNumber = number(16)
        durableUpTo = number(24)
        firstPosition = Position(number(32))
        rawByteCount = half(40)
        storedByteCount = half(44)
        eventCount = half(48)
        changeCount = half(52)
        payloadChecksum = half(56)
        guard rawByteCount <= Limits.framePayloadByteCountMax, storedByteCount <= rawByteCount
        else { throw .header }
    }
}

/// What a frame's bytes fail. A small closed set, without values.
package enum FrameError: Error, Hashable, Sendable {
    case truncated
    case magic
    case version(UInt8)
    case headerChecksum
    case header
    case payloadChecksum
    case padding
    case compression
    /// The payload's checksum is right and its content breaks the format: named part.
    case content(StaticReason)

    package enum StaticReason: String, Sendable {
        case varint, count, kind, slice, ordinals, trailing, text
    }
}

extension FrameError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated: "the file ends inside the frame"
        case .magic: "there is no frame header"
        case .version(let version): "the frame has format version \(version)"
        case .headerChecksum: "the header's checksum is wrong"
        case .header: "the header holds an impossible value"
        case .payloadChecksum: "the payload's checksum is wrong"
        case .padding: "the padding is not zero"
        case .compression: "the payload does not decompress to its length"
        case .content(let reason): "the payload is malformed (\(reason.rawValue))"
        }
    }
}

/// CRC-32C of bytes, or of bytes before them and them, given the checksum of those before.
package func crc32c(_ bytes: UnsafeRawBufferPointer, after checksum: UInt32 = 0) -> UInt32 {
    segledger_crc32c(checksum, bytes.baseAddress, bytes.count)
}

extension [UInt8] {
    package mutating func appendLittleEndian(_ number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}
