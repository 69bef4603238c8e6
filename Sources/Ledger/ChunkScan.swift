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

    struct Found {
        var frame: Frame
        var offset: Int
        var byteCount: Int
    }

    let header: ChunkHeader
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

    /// Scans the bytes of a file, handing each data frame of a whole batch to `visit`.
    ///
    /// - Parameter eventsOnly: the frames are handed on with their events alone.
    /// - Throws: the chunk header's error; what `visit` throws.
    init(
        _ bytes: UnsafeRawBufferPointer, eventsOnly: Bool = false,
        visit: (Found) throws -> Void
    ) throws {
        let (first, header) = try Self.header(bytes)
        self.header = header
        nextPosition = header.firstPosition
        goodByteCount = first.frameByteCount
        frameCount = 1
        var offset = goodByteCount
        var number = frameCount
        var position = nextPosition
        var pending: [Found] = []
        while offset < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            let found: (header: FrameHeader, frame: Frame?, footer: ChunkFooter?)
            do throws(FrameError) {
                found = try Self.frame(
                    rest, salt: header.chunkID, number: number, position: position, offset: offset,
                    eventsOnly: eventsOnly)
            } catch {
                ending = classify(error, bytes, at: offset)
                return
            }
            if let content = found.footer { footer = (offset, content) }
            offset += found.header.frameByteCount
            number += 1
            durableUpTo = max(durableUpTo, Int(found.header.durableUpTo))
            if let frame = found.frame {
                position = frame.endPosition
                pending.append(
                    Found(
                        frame: frame, offset: offset - found.header.frameByteCount,
                        byteCount: found.header.frameByteCount))
            }
            if !found.header.isContinued {
                for one in pending { try visit(one) }
                pending.removeAll(keepingCapacity: true)
                goodByteCount = offset
                frameCount = number
                nextPosition = position
                endsWithMark = found.header.kind == .mark || found.header.kind == .end
            }
            if found.header.kind == .end {
                ending = .sealed
                return
            }
        }
        if !pending.isEmpty { ending = .torn(at: goodByteCount) }
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

    private static func frame(
        _ bytes: UnsafeRawBufferPointer, salt: UInt64, number: UInt64, position: Position,
        offset: Int, eventsOnly: Bool
    ) throws(FrameError) -> (FrameHeader, Frame?, ChunkFooter?) {
        let header = try FrameHeader(bytes)
        guard header.salt == salt, header.frameNumber == number,
            header.firstPosition == position, header.durableUpTo <= UInt64(offset),
            header.kind == .data || (header.eventCount == 0 && !header.isContinued)
        else { throw .header }
        switch header.kind {
        case .data:
            let frame =
                try eventsOnly
                ? FrameCodec.decodeEvents(header, in: bytes)
                : FrameCodec.decode(header, in: bytes)
            guard !frame.events.isEmpty else { throw .header }
            return (header, frame, nil)
        case .footer:
            return (header, nil, try footer(header, bytes))
        case .mark, .end:
            guard header.storedByteCount == 0 else { throw .header }
            return (header, nil, nil)
        case .chunk, .manifest:
            throw .header
        }
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
