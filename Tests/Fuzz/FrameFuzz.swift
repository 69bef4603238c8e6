import FrameCodec
import SegmentModel

// Target `frame`: a whole frame with its header, as a chunk holds it. The checksums are put right
// first: without that nothing behind them is reached.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    _ = try? FrameHeader(input)
    guard count >= FrameHeader.byteCount else { return 0 }
    var bytes = [UInt8](input)
    for (index, byte) in FrameHeader.magic.enumerated() { bytes[index] = byte }
    let stored = Int(number(bytes, 44))
    if stored <= count - FrameHeader.byteCount {
        let end = FrameHeader.byteCount + stored
        set(&bytes, 56, bytes.withUnsafeBytes { crc32c(.init(rebasing: $0[64..<end])) })
    }
    set(&bytes, 60, bytes.withUnsafeBytes { crc32c(.init(rebasing: $0[0..<60])) })
    bytes.withUnsafeBytes { bytes in
        guard let header = try? FrameHeader(bytes) else { return }
        var output: [UInt8] = []
        header.encode(into: &output)
        precondition(output.elementsEqual(bytes[0..<64]), "a header changed on its way")
        if let payload = try? FrameCodec.payload(of: header, in: bytes) {
            precondition(payload.count == header.rawByteCount, "another payload length")
            _ = try? ChunkHeader(payload: payload)
        }
        // Many events or changes take long, and show nothing that few do not.
        guard header.eventCount < 1 << 16, header.changeCount < 1 << 16,
            let frame = try? FrameCodec.decode(header, in: bytes)
        else { return }
        _ = FrameContent(frame)
    }
    return 0
}

private func number(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
    bytes.withUnsafeBytes {
        UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}

private func set(_ bytes: inout [UInt8], _ offset: Int, _ number: UInt32) {
    bytes.withUnsafeMutableBytes {
        $0.storeBytes(of: number.littleEndian, toByteOffset: offset, as: UInt32.self)
    }
}
