package import SegmentModel

/// The payload of the frame before the end of a sealed chunk: where its blocks stand and what they
/// hold, which file it replaces, and a Merkle root. Derived from the blocks alone: a reader that
/// finds it damaged scans them instead.
///
/// ```
///   0 replaced: chunk id 8 | 8 byte count 8 | 16 frame count 8
///  24 first platform time 8 | 32 last platform time 8            (smallest number: none)
///  40 Merkle root of the ledger's events up to this chunk's end 32
///  72 varint byte count and bytes        the compact range that the root comes from
///     blocks: varint count; then five columns
///       varint byte count / 64 · varint event count · signed record time, from the block before
///       signed last platform time, from the block before
///       varint 0: no platform event; else 1 + events behind the last one
///     postings: varint count; for each segment, ascending
///       signed segment id, from the one before · varint block count
///       varint block number, from the one before
/// ```
package struct ChunkFooter: Hashable, Sendable {
    package static let hashByteCount = 32

    /// A data frame of the chunk.
    package struct Block: Hashable, Sendable {
        package var byteCount: Int
        package var eventCount: Int
        /// Of its last event.
        package var recordedAt: Timestamp
        /// The newest platform event's ledger time up to and with this block.
        package var lastTime: Timestamp
        /// Index in the block of its last platform event.
        package var lastPlatformIndex: Int?

        package init(
            byteCount: Int, eventCount: Int, recordedAt: Timestamp, lastTime: Timestamp,
            lastPlatformIndex: Int?
        ) {
            self.byteCount = byteCount
            self.eventCount = eventCount
            self.recordedAt = recordedAt
            self.lastTime = lastTime
            self.lastPlatformIndex = lastPlatformIndex
        }
    }

    /// The blocks that hold an event of a segment, ascending.
    package struct Posting: Hashable, Sendable {
        package var segment: SegmentID
        package var blocks: [UInt32]

        package init(segment: SegmentID, blocks: [UInt32]) {
            self.segment = segment
            self.blocks = blocks
        }
    }

    /// The tail chunk that it was made of; what the next chunk calls its predecessor.
    package var replaced: ChunkHeader.Predecessor
    package var firstTime: Timestamp
    package var lastTime: Timestamp
    /// Merkle root of the ledger's events up to this chunk's end.
    package var root: [UInt8]
    /// The compact range of the same events, as `CompactRange` writes it.
    package var range: [UInt8]
    package var blocks: [Block]
    package var postings: [Posting]

    package init(
        replaced: ChunkHeader.Predecessor, firstTime: Timestamp, lastTime: Timestamp,
        root: [UInt8], range: [UInt8], blocks: [Block], postings: [Posting]
    ) {
        self.replaced = replaced
        self.firstTime = firstTime
        self.lastTime = lastTime
        self.root = root
        self.range = range
        self.blocks = blocks
        self.postings = postings
    }
}

extension ChunkFooter {
    package func encoded() -> [UInt8] {
        var writer = FooterWriter()
        for number in [replaced.chunkID, replaced.byteCount, replaced.frameCount] {
            writer.fixed64(Int64(bitPattern: number))
        }
        writer.fixed64(firstTime.rawValue)
        writer.fixed64(lastTime.rawValue)
        precondition(root.count == Self.hashByteCount, "a root is 32 bytes")
        writer.append(root)
        writer.varint(range.count)
        writer.append(range)
        writer.varint(blocks.count)
        for block in blocks { writer.varint(block.byteCount / FrameHeader.alignment) }
        for block in blocks { writer.varint(block.eventCount) }
        var previous: Int64 = 0
        for block in blocks {
            writer.signed(block.recordedAt.rawValue &- previous)
            previous = block.recordedAt.rawValue
        }
        previous = 0
        for block in blocks {
            writer.signed(block.lastTime.rawValue &- previous)
            previous = block.lastTime.rawValue
        }
        for block in blocks {
            writer.varint(block.lastPlatformIndex.map { block.eventCount - $0 } ?? 0)
        }
        encodePostings(&writer)
        return writer.bytes
    }

    private func encodePostings(_ writer: inout FooterWriter) {
        writer.varint(postings.count)
        var previous: Int64 = 0
        for posting in postings {
            writer.signed(posting.segment.rawValue &- previous)
            previous = posting.segment.rawValue
            writer.varint(posting.blocks.count)
            var last: UInt32 = 0
            for block in posting.blocks {
                writer.varint(UInt64(block - last))
                last = block
            }
        }
    }

    /// - Throws: a content error for anything but what `encoded()` writes.
    package init(payload: UnsafeRawBufferPointer) throws(FrameError) {
        var reader = PayloadReader(payload)
        func number() throws(FrameError) -> UInt64 { UInt64(bitPattern: try reader.fixed64()) }
        replaced = ChunkHeader.Predecessor(
            chunkID: try number(), byteCount: try number(), frameCount: try number())
        firstTime = Timestamp(rawValue: try reader.fixed64())
        lastTime = Timestamp(rawValue: try reader.fixed64())
        root = Array(try reader.take(Self.hashByteCount))
        range = Array(try reader.take(try reader.count(atMost: reader.remaining)))
        blocks = try Self.blocks(&reader)
        postings = try Self.postings(&reader, blockCount: blocks.count)
        guard reader.remaining == 0 else { throw .content(.trailing) }
    }

    private static func blocks(_ reader: inout PayloadReader) throws(FrameError) -> [Block] {
        let count = try reader.count(atMost: reader.remaining)
        var blocks: [Block] = []
        blocks.reserveCapacity(count)
        for _ in 0..<count {
            let units = try reader.count(atMost: Int(UInt32.max))
            blocks.append(
                Block(
                    byteCount: units * FrameHeader.alignment, eventCount: 0,
                    recordedAt: Timestamp(rawValue: 0), lastTime: Timestamp(rawValue: 0),
                    lastPlatformIndex: nil))
        }
        for index in 0..<count {
            blocks[index].eventCount = try reader.count(atMost: Int(UInt32.max))
            guard blocks[index].eventCount > 0 else { throw .content(.count) }
        }
        var value: Int64 = 0
        for index in 0..<count {
            value &+= try reader.signed()
            blocks[index].recordedAt = Timestamp(rawValue: value)
        }
        value = 0
        for index in 0..<count {
            value &+= try reader.signed()
            blocks[index].lastTime = Timestamp(rawValue: value)
        }
        for index in 0..<count {
            let behind = try reader.count(atMost: blocks[index].eventCount)
            if behind > 0 { blocks[index].lastPlatformIndex = blocks[index].eventCount - behind }
        }
        return blocks
    }

    private static func postings(
        _ reader: inout PayloadReader, blockCount: Int
    ) throws(FrameError) -> [Posting] {
        let count = try reader.count(atMost: reader.remaining)
        var postings: [Posting] = []
        postings.reserveCapacity(count)
        var segment: Int64 = 0
        for index in 0..<count {
            let before = segment
            segment &+= try reader.signed()
            guard index == 0 || segment > before else { throw .content(.count) }
            let length = try reader.count(atMost: blockCount)
            var numbers: [UInt32] = []
            numbers.reserveCapacity(length)
            var number = 0
            for step in 0..<length {
                let gap = try reader.count(atMost: blockCount)
                number += gap
                guard number < blockCount, step == 0 || gap > 0 else { throw .content(.count) }
                numbers.append(UInt32(number))
            }
            postings.append(Posting(segment: SegmentID(segment), blocks: numbers))
        }
        return postings
    }
}

/// Builds a footer: a few per 64 MiB, so an array will do.
private struct FooterWriter {
    private(set) var bytes: [UInt8] = []

    mutating func fixed64(_ number: Int64) { bytes.appendLittleEndian(number) }

    mutating func append(_ other: [UInt8]) { bytes.append(contentsOf: other) }

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
}
