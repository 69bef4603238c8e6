internal import FrameCodec
internal import SegmentModel
internal import StorageIO

/// Reads a chunk's frames one after the other, checks all that can be checked inside one file, and
/// says how the file ends. The rules are those of docs/internals/recovery.md.
struct ChunkScan {
    enum Ending: Equatable {
        /// Nothing, or zeros, after the last frame.
        case clean
        /// An `end` frame: another chunk follows.
        case sealed
        /// Bytes after the last good frame that were provably never acknowledged.
        case torn(at: Int)
        /// Acknowledged bytes fail: positions from `nextPosition` on.
        case corrupt(at: Int, FrameError)
    }

    /// Where a data frame stands.
    struct Place {
        var header: FrameHeader
        var offset: Int

        /// Behind its last event.
        var end: Position { header.firstPosition.advanced(by: Int(header.eventCount)) }
    }

    let header: ChunkHeader
    /// The data frames of whole batches.
    private(set) var frames: [Place] = []
    /// Bytes up to the end of the last whole batch.
    private(set) var goodByteCount = 0
    private(set) var frameCount: UInt64 = 0
    private(set) var nextPosition: Position
    /// The largest durable-up-to offset that any good frame claims.
    private(set) var durableUpTo = 0
    /// Whether the last good frame says that all before it is durable.
    private(set) var endsWithMark = false
    /// Of a sealed chunk.
    private(set) var footer: (offset: Int, content: ChunkFooter)?
    private(set) var ending: Ending = .clean

    /// Walks through the bytes of a file from header to header, and compares the checksums of all
    /// frames. `visitFrames` decodes them.
    ///
    /// - Throws: the chunk header's error.
    /// - Complexity: O(bytes), about as fast as they can be read from memory.
    init(_ bytes: UnsafeRawBufferPointer) throws(FrameError) {
        let (first, header) = try Self.header(bytes)
        self.header = header
        nextPosition = header.firstPosition
        goodByteCount = first.frameByteCount
        frameCount = 1
        var offset = goodByteCount
        var position = nextPosition
        var pending: [Place] = []
        while offset < bytes.count {
            let found: FrameHeader
            do throws(FrameError) {
                found = try frame(
                    UnsafeRawBufferPointer(rebasing: bytes[offset...]),
                    number: frameCount + UInt64(pending.count), position: position, offset: offset)
            } catch {
                ending = classify(error, bytes, at: offset)
                return
            }
            durableUpTo = max(durableUpTo, Int(found.durableUpTo))
            pending.append(Place(header: found, offset: offset))
            position = position.advanced(by: Int(found.eventCount))
            offset += found.frameByteCount
            if found.isContinued { continue }
            frames += pending.filter { $0.header.kind == .data }
            frameCount += UInt64(pending.count)
            pending.removeAll(keepingCapacity: true)
            goodByteCount = offset
            nextPosition = position
            endsWithMark = found.kind == .mark || found.kind == .end
            if found.kind == .end {
                ending = .sealed
                return
            }
        }
        if !pending.isEmpty { ending = .torn(at: goodByteCount) }
    }

    /// Ends before the batch of a frame whose checksums are right and whose content is not.
    mutating func end(before number: Int, _ error: FrameError) {
        var first = number
        while first > 0, frames[first - 1].header.isContinued { first -= 1 }
        ending = .corrupt(at: frames[number].offset, error)
        let start = frames[first]
        frames.removeLast(frames.count - first)
        goodByteCount = start.offset
        frameCount = start.header.frameNumber
        nextPosition = start.header.firstPosition
        endsWithMark = false
    }

    /// Reads the frame that every chunk starts with.
    static func header(
        _ bytes: UnsafeRawBufferPointer
    ) throws(FrameError) -> (FrameHeader, ChunkHeader) {
        let first = try FrameHeader(bytes)
        let payload = try FrameCodec.payload(of: first, in: bytes)
        let header = try ChunkHeader(payload: payload)
        guard first.kind == .chunk, first.salt == header.chunkID, first.frameNumber == 0 else {
            throw .header
        }
        return (first, header)
    }

    private mutating func frame(
        _ bytes: UnsafeRawBufferPointer, number: UInt64, position: Position, offset: Int
    ) throws(FrameError) -> FrameHeader {
        let found = try FrameHeader(bytes)
        guard found.salt == header.chunkID, found.frameNumber == number,
            found.firstPosition == position, found.durableUpTo <= UInt64(offset),
            found.kind == .data ? found.eventCount > 0 : found.eventCount == 0,
            found.kind == .data || !found.isContinued
        else { throw .header }
        switch found.kind {
        case .data:
            try FrameCodec.check(found, in: bytes)
        case .footer:
            footer = (offset, try Self.footer(found, bytes))
        case .mark, .end:
            guard found.storedByteCount == 0 else { throw .header }
        case .chunk, .manifest:
            throw .header
        }
        return found
    }

    /// Decodes the footer that a frame holds.
    static func footer(
        _ header: FrameHeader, _ bytes: UnsafeRawBufferPointer
    ) throws(FrameError) -> ChunkFooter {
        let payload = try FrameCodec.payload(of: header, in: bytes)
        var result: Result<ChunkFooter, FrameError> = .failure(.truncated)
        payload.withUnsafeBytes { payload in
            do throws(FrameError) {
                result = .success(try ChunkFooter(payload: payload))
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    /// Torn or corrupt: corrupt if a frame further on, or one already read, says that the bytes
    /// that fail were durable.
    private func classify(
        _ error: FrameError, _ bytes: UnsafeRawBufferPointer, at offset: Int
    ) -> Ending {
        if UnsafeRawBufferPointer(rebasing: bytes[offset...]).isZero {
            return goodByteCount == offset ? .clean : .torn(at: goodByteCount)
        }
        if case .version = error { return .corrupt(at: offset, error) }
        if durableUpTo > offset { return .corrupt(at: offset, error) }
        var ahead = offset
        while ahead + FrameHeader.byteCount <= bytes.count {
            let window = UnsafeRawBufferPointer(
                rebasing: bytes[ahead..<ahead + FrameHeader.byteCount])
            if bytes[ahead] == FrameHeader.magic[0] {
                do throws(FrameError) {
                    let header = try FrameHeader(window)
                    if header.salt == self.header.chunkID, header.durableUpTo > UInt64(offset) {
                        return .corrupt(at: offset, error)
                    }
                } catch {
                    // Not a header: nothing is claimed here.
                }
            }
            ahead += FrameHeader.alignment
        }
        return .torn(at: goodByteCount)
    }
}

extension ChunkScan {
    /// Whether the next chunk may call this one its predecessor: the file, or the tail that it was
    /// made of.
    func isPredecessor(_ predecessor: ChunkHeader.Predecessor) -> Bool {
        predecessor == footer?.content.replaced
            || predecessor
                == ChunkHeader.Predecessor(
                    chunkID: header.chunkID, byteCount: UInt64(goodByteCount),
                    frameCount: frameCount)
    }
}

extension UnsafeRawBufferPointer {
    /// Whether all bytes are 0; eight at a time.
    var isZero: Bool {
        var index = 0
        while index + 64 <= count {
            var seen: UInt64 = 0
            for word in 0..<8 {
                seen |= loadUnaligned(fromByteOffset: index + word * 8, as: UInt64.self)
            }
            if seen != 0 { return false }
            index += 64
        }
        return self[index...].allSatisfy { $0 == 0 }
    }
}
