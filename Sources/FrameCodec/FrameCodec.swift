internal import CLZ4
internal import SegmentModel

/// Turns frames into bytes and back: content to payload, payload to one LZ4 block (or stored, when
/// that takes as many bytes in the file), under a header with two checksums. The layout is drawn in
/// docs/internals/ledger-format.md; the LZ4 block format is the raw one, with our own lengths.
///
/// Not shared between threads: it reuses its memory, and its copies share it.
package struct FrameCodec {
    private final class Memory {
        var payload = GrowableBuffer<UInt8>()
        var compressed = GrowableBuffer<UInt8>()
        let scratch = CodecScratch()

        deinit {
            payload.deallocate()
            compressed.deallocate()
        }
    }

    private let memory = Memory()

    package init() {}

    /// Appends a data frame to `output` and returns its header.
    package mutating func encode(
        _ frame: Frame, header template: FrameHeader, into output: inout [UInt8]
    ) -> FrameHeader {
        let writer = PayloadEncoder.encode(frame, memory.scratch, reusing: memory.payload)
        let payload = writer.bytes
        memory.payload = writer.finish()
        var header = template
        header.version = FrameHeader.formatVersion
        header.firstPosition = frame.firstPosition
        header.eventCount = UInt32(frame.events.count)
        header.changeCount = UInt32(frame.ordinals.count)
        Self.append(&header, payload, compressed: compress(payload), to: &output)
        return header
    }

    /// Appends a frame whose payload is the bytes given, for example a chunk header's: stored as
    /// they are, so that its length depends on theirs alone.
    package mutating func encode(
        payload bytes: [UInt8], header template: FrameHeader, into output: inout [UInt8]
    ) -> FrameHeader {
        var header = template
        bytes.withUnsafeBytes { Self.append(&header, $0, compressed: nil, to: &output) }
        return header
    }

    private static func append(
        _ header: inout FrameHeader, _ payload: UnsafeRawBufferPointer,
        compressed: UnsafeRawBufferPointer?, to output: inout [UInt8]
    ) {
        precondition(
            payload.count <= Limits.framePayloadByteCountMax, "a frame's payload is over its limit")
        let stored = compressed ?? payload
        header.codec = compressed == nil ? .stored : .lz4
        header.rawByteCount = UInt32(payload.count)
        header.storedByteCount = UInt32(stored.count)
        header.payloadChecksum = crc32c(stored)
        header.encode(into: &output)
        output.append(contentsOf: stored)
        let used = FrameHeader.byteCount + stored.count
        output.append(contentsOf: repeatElement(0, count: header.frameByteCount - used))
    }

    /// The compressed payload; nil when it takes as many bytes in the file.
    private func compress(_ payload: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let alignment = FrameHeader.alignment
        // One step of the alignment less is worth it; a payload of one step cannot get there.
        let capacity = (payload.count - 1) / alignment * alignment
        guard capacity > 0 else { return nil }
        let target = memory.compressed.reserve(capacity)
        let size = LZ4_compress_default(
            payload.bindMemory(to: CChar.self).baseAddress,
            UnsafeMutableRawPointer(target).bindMemory(to: CChar.self, capacity: capacity),
            CInt(payload.count), CInt(capacity))
        return size > 0 ? UnsafeRawBufferPointer(start: target, count: Int(size)) : nil
    }
}

extension FrameCodec {
    /// Checks a frame's payload and padding and returns the raw payload.
    ///
    /// - Parameter bytes: the frame from its header on, at least `header.frameByteCount` bytes.
    package static func payload(
        of header: FrameHeader, in bytes: UnsafeRawBufferPointer
    ) throws(FrameError) -> [UInt8] {
        let stored = try stored(header, bytes)
        switch header.codec {
        case .stored: return [UInt8](stored)
        case .lz4: return try decompress(stored, to: Int(header.rawByteCount))
        }
    }

    /// Compares the payload's checksum, and checks the padding.
    ///
    /// - Parameter bytes: the frame from its header on, and whatever follows it.
    package static func check(
        _ header: FrameHeader, in bytes: UnsafeRawBufferPointer
    ) throws(FrameError) {
        _ = try stored(header, bytes)
    }

    /// Decodes a data frame.
    package static func decode(
        _ header: FrameHeader, in bytes: UnsafeRawBufferPointer
    ) throws(FrameError) -> Frame {
        try decode(header, in: bytes, .whole)
    }

    /// Decodes a data frame's events alone, as an index needs them: the frame that is returned has
    /// no ordinals, no field records and no new names. Both checksums are compared.
    package static func decodeEvents(
        _ header: FrameHeader, in bytes: UnsafeRawBufferPointer
    ) throws(FrameError) -> Frame {
        try decode(header, in: bytes, .events)
    }

    /// Decodes a data frame's events and whom they are about, in a fraction of the time: the frame
    /// that is returned has no field records and no new names. Both checksums are compared.
    package static func decodeChanges(
        _ header: FrameHeader, in bytes: UnsafeRawBufferPointer
    ) throws(FrameError) -> Frame {
        try decode(header, in: bytes, .changes)
    }

    private static func decode(
        _ header: FrameHeader, in bytes: UnsafeRawBufferPointer, _ depth: PayloadDecoder.Depth
    ) throws(FrameError) -> Frame {
        let stored = try stored(header, bytes)
        switch header.codec {
        case .stored: return try decodePayload(header, stored, depth)
        case .lz4:
            let payload = try decompress(stored, to: Int(header.rawByteCount))
            return try payload.withUnsafeBufferPointer { bytes throws(FrameError) in
                try decodePayload(header, UnsafeRawBufferPointer(bytes), depth)
            }
        }
    }

    /// Decodes a data frame's raw payload.
    package static func decode(
        _ header: FrameHeader, payload: [UInt8]
    ) throws(FrameError) -> Frame {
        try payload.withUnsafeBufferPointer { bytes throws(FrameError) in
            try decodePayload(header, UnsafeRawBufferPointer(bytes), .whole)
        }
    }

    private static func decodePayload(
        _ header: FrameHeader, _ payload: UnsafeRawBufferPointer, _ depth: PayloadDecoder.Depth
    ) throws(FrameError) -> Frame {
        header.version == 1
            ? try PayloadDecoderVersion1.decode(header, payload)
            : try PayloadDecoder.decode(header, payload, depth)
    }

    /// The bytes of the payload as they are in the file, after their checksum and the padding were
    /// checked.
    private static func stored(
        _ header: FrameHeader, _ bytes: UnsafeRawBufferPointer
    ) throws(FrameError) -> UnsafeRawBufferPointer {
        guard bytes.count >= header.frameByteCount else { throw .truncated }
        let end = FrameHeader.byteCount + Int(header.storedByteCount)
        let stored = UnsafeRawBufferPointer(rebasing: bytes[FrameHeader.byteCount..<end])
        guard crc32c(stored) == header.payloadChecksum else { throw .payloadChecksum }
        for index in end..<header.frameByteCount where bytes[index] != 0 { throw .padding }
        guard header.codec == .lz4 || header.storedByteCount == header.rawByteCount else {
            throw .header
        }
        return stored
    }

    private static func decompress(
        _ stored: UnsafeRawBufferPointer, to count: Int
    ) throws(FrameError) -> [UInt8] {
        let raw = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            let size = LZ4_decompress_safe(
                stored.bindMemory(to: CChar.self).baseAddress,
                UnsafeMutableRawBufferPointer(buffer).bindMemory(to: CChar.self).baseAddress,
                CInt(stored.count), CInt(count))
            initialized = size == count ? count : 0
        }
        guard raw.count == count else { throw .compression }
        return raw
    }
}
