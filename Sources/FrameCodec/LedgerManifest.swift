package import SegmentModel

/// The payload of the manifest: the ledger's chunks, in order. What it does not name is no part of
/// the ledger.
///
/// ```
///  0 ledger 16 | 16 timeline 16 | 32 generation 8 | 40 chunk count 8
/// 48 for each chunk: chunk id 8 | first position 8 | replaced chunk id 8 | footer offset 8
///    | byte count 8 | Merkle root up to its end 32            (the last three 0: not sealed)
/// ```
package struct LedgerManifest: Hashable, Sendable {
    package struct Chunk: Hashable, Sendable {
        package var chunkID: UInt64
        package var firstPosition: Position
        /// A file that this one has taken the place of, and that may still be there.
        package var replacedChunkID: UInt64?
        package var seal: Seal?

        package init(
            chunkID: UInt64, firstPosition: Position, replacedChunkID: UInt64?, seal: Seal? = nil
        ) {
            self.chunkID = chunkID
            self.firstPosition = firstPosition
            self.replacedChunkID = replacedChunkID
            self.seal = seal
        }
    }

    /// Of a sealed chunk.
    package struct Seal: Hashable, Sendable {
        package var footerOffset: UInt64
        package var byteCount: UInt64
        package var root: [UInt8]

        package init(footerOffset: UInt64, byteCount: UInt64, root: [UInt8]) {
            self.footerOffset = footerOffset
            self.byteCount = byteCount
            self.root = root
        }
    }

    private static let chunkByteCount = 72

    package var ledger: [UInt8]
    package var timeline: [UInt8]
    /// Counts the manifests of this directory.
    package var generation: UInt64 = 0
    package var chunks: [Chunk] = []

    package init(ledger: [UInt8], timeline: [UInt8]) {
        self.ledger = ledger
        self.timeline = timeline
    }

    package func encoded() -> [UInt8] {
        precondition(ledger.count == 16 && timeline.count == 16, "identities are 16 bytes")
        var output = ledger + timeline
        output.appendLittleEndian(generation)
        output.appendLittleEndian(UInt64(chunks.count))
        for chunk in chunks {
            output.appendLittleEndian(chunk.chunkID)
            output.appendLittleEndian(chunk.firstPosition.rawValue)
            output.appendLittleEndian(chunk.replacedChunkID ?? 0)
            output.appendLittleEndian(chunk.seal?.footerOffset ?? 0)
            output.appendLittleEndian(chunk.seal?.byteCount ?? 0)
            let root = chunk.seal?.root ?? [UInt8](repeating: 0, count: ChunkFooter.hashByteCount)
            precondition(root.count == ChunkFooter.hashByteCount, "a root is 32 bytes")
            output.append(contentsOf: root)
        }
        return output
    }

    package init(payload: UnsafeRawBufferPointer) throws(FrameError) {
        var reader = PayloadReader(payload)
        func number() throws(FrameError) -> UInt64 { UInt64(bitPattern: try reader.fixed64()) }
        ledger = Array(try reader.take(16))
        timeline = Array(try reader.take(16))
        generation = try number()
        let count = try number()
        guard count > 0, count == UInt64(reader.remaining / Self.chunkByteCount),
            reader.remaining % Self.chunkByteCount == 0
        else { throw .content(.count) }
        for _ in 0..<count {
            let (chunkID, first, replaced) = (try number(), try number(), try number())
            let (footerOffset, byteCount) = (try number(), try number())
            let root = Array(try reader.take(ChunkFooter.hashByteCount))
            guard chunkID != 0, byteCount <= UInt64(Int.max), footerOffset <= byteCount,
                chunks.last.map({ $0.firstPosition.rawValue <= first }) ?? (first == 0)
            else { throw .content(.count) }
            chunks.append(
                Chunk(
                    chunkID: chunkID, firstPosition: Position(first),
                    replacedChunkID: replaced == 0 ? nil : replaced,
                    seal: footerOffset == 0
                        ? nil
                        : Seal(footerOffset: footerOffset, byteCount: byteCount, root: root)))
        }
    }
}
