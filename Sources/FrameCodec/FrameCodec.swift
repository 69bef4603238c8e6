internal import CLZ4
internal import SegmentModel

/// Turns frames into bytes and back: content to payload, payload to one LZ4 block (or stored, when
/// that is not smaller), under a header with two checksums. The layout is drawn in
/// docs/internals/ledger-format.md; the LZ4 block format is the raw one, with our own lengths.
///
/// Not shared between threads: it reuses its buffers.
package struct FrameCodec {
    private var payload: [UInt8] = []
    private var compressed: [UInt8] = []

    package init() {}

    /// Appends a data frame to `output` and returns its header.
    package mutating func encode(
        _ frame: Frame, header template: FrameHeader, into output: inout [UInt8]
    ) -> FrameHeader {
        payload = PayloadEncoder.encode(frame, reusing: payload)
        var header = template
        header.version = FrameHeader.formatVersion
        header.firstPosition = frame.firstPosition
        header.eventCount = UInt32(frame.events.count)
        header.changeCount = UInt32(frame.ordinals.count)
        appendFrame(&header, compressedTo: compress(), into: &output)
        return header
    }

    /// Appends a frame whose payload is the bytes given, for example a chunk header's: stored as
    /// they are, so that its length depends on theirs alone.
    package mutating func encode(
        payload bytes: [UInt8], header template: FrameHeader, into output: inout [UInt8]
    ) -> FrameHeader {
        payload = bytes
        var header = template
        appendFrame(&header, compressedTo: nil, into: &output)
        return header
    }

    private mutating func appendFrame(
        _ header: inout FrameHeader, compressedTo size: Int?, into output: inout [UInt8]
    ) {
        precondition(
            payload.count <= Limits.framePayloadByteCountMax, "a frame's payload is over its limit")
        header.rawByteCount = UInt32(payload.count)
        if let size {
            header.codec = .lz4
            header.storedByteCount = UInt32(size)
            compressed.withUnsafeBytes {
                let stored = UnsafeRawBufferPointer(rebasing: $0[0..<size])
                header.payloadChecksum = crc32c(stored)
                header.encode(into: &output)
                output.append(contentsOf: stored)
            }
        } else {
            header.codec = .stored
            header.storedByteCount = header.rawByteCount
            header.payloadChecksum = payload.withUnsafeBytes { crc32c($0) }
            header.encode(into: &output)
            output.append(contentsOf: payload)
        }
        let used = FrameHeader.byteCount + Int(header.storedByteCount)
        output.append(contentsOf: repeatElement(0, count: header.frameByteCount - used))
    }

    /// Bytes of the compressed payload in `compressed`; nil when it is not smaller.
    private mutating func compress() -> Int? {
        guard payload.count > 32 else { return nil }
        let capacity = payload.count - 1
        if compressed.count < capacity {
            compressed = [UInt8](repeating: 0, count: capacity)
        }
        let size = payload.withUnsafeBytes { source in
            compressed.withUnsafeMutableBytes { target in
                LZ4_compress_default(
                    source.bindMemory(to: CChar.self).baseAddress,
                    target.bindMemory(to: CChar.self).baseAddress,
                    CInt(source.count), CInt(capacity))
            }
        }
        return size > 0 ? Int(size) : nil
    }
}

extension FrameCodec {
    /// Checks a frame's payload and padding and returns the raw payload.
    ///
    /// - Parameter bytes: the frame from its header on, at least `header.frameByteCount` bytes.
    package static func payload(
        of header: FrameHeader, in bytes: UnsafeRawBufferPointer
    ) throws(FrameError) -> [UInt8] {
        guard bytes.count >= header.frameByteCount else { throw .truncated }
        let end = FrameHeader.byteCount + Int(header.storedByteCount)
        let stored = UnsafeRawBufferPointer(rebasing: bytes[FrameHeader.byteCount..<end])
        guard crc32c(stored) == header.payloadChecksum else { throw .payloadChecksum }
        for index in end..<header.frameByteCount where bytes[index] != 0 { throw .padding }
        switch header.codec {
        case .stored:
            guard header.storedByteCount == header.rawByteCount else { throw .header }
            return [UInt8](stored)
        case .lz4:
            return try decompress(stored, to: Int(header.rawByteCount))
        }
    }

    /// Decodes a data frame.
    package static func decode(
        _ header: FrameHeader, in bytes: UnsafeRawBufferPointer
    ) throws(FrameError) -> Frame {
        let raw = try payload(of: header, in: bytes)
        return try decode(header, payload: raw)
    }

    package static func decode(
        _ header: FrameHeader, payload: [UInt8]
    ) throws(FrameError) -> Frame {
        var result: Result<Frame, FrameError>?
        payload.withUnsafeBytes { bytes in
            do throws(FrameError) {
                result = .success(try PayloadDecoder.decode(header, bytes))
            } catch {
                result = .failure(error)
            }
        }
        return try result!.get()
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
