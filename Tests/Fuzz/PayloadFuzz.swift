import FrameCodec
import SegmentModel

// Target `payload`: the columns of a data frame, of either version, behind right checksums.
//
// Input: version 1 | event count 2 | change count 2 | payload.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count >= 5 else { return 0 }
    var header = FrameHeader(
        kind: .data, salt: 1, frameNumber: 1, durableUpTo: 64, firstPosition: Position(7))
    header.version = start[0] & 1 == 1 ? 1 : 2
    header.eventCount = UInt32(start[1]) | UInt32(start[2]) << 8
    header.changeCount = UInt32(start[3]) | UInt32(start[4]) << 8
    let payload = [UInt8](UnsafeBufferPointer(start: start + 5, count: count - 5))
    guard let frame = try? FrameCodec.decode(header, payload: payload) else { return 0 }
    precondition(frame.events.count == header.eventCount, "another event count")
    precondition(frame.ordinals.count == header.changeCount, "another change count")
    check(frame)
    return 0
}

/// What was read can be written, and reads back the same.
private func check(_ frame: Frame) {
    let content = FrameContent(frame)
    // Format version 1 could name profiles and fields that no event of the frame has.
    guard content.textByteCount < 16 << 20, frame.newProfiles.count <= frame.ordinals.count,
        frame.newFieldNames.count <= Limits.ledgerFieldNameCountMax
    else { return }
    var codec = FrameCodec()
    var output: [UInt8] = []
    _ = codec.encode(
        frame,
        header: FrameHeader(
            kind: .data, salt: 1, frameNumber: 1, durableUpTo: 64, firstPosition: Position(0)),
        into: &output)
    let again = output.withUnsafeBytes { bytes in
        try? FrameCodec.decode(FrameHeader(bytes), in: bytes)
    }
    precondition(again.map(FrameContent.init) == content, "a frame changed on its way")
}
