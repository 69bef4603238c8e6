import FrameCodec
import SegmentModel

// Target `files`: what stands in a ledger's files besides events: chunk headers, footers and
// manifests. What decodes encodes again, and decodes to the same.
//
// Input: kind 1 | payload.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count >= 1 else { return 0 }
    // A copy of exactly this size: reading beyond it is seen.
    let payload = [UInt8](UnsafeBufferPointer(start: start + 1, count: count - 1))
    switch start[0] % 3 {
    case 0: check(payload, { try ChunkHeader(payload: $0) }, { $0.encoded() })
    case 1:
        check(
            payload, { try $0.withUnsafeBytes { try ChunkFooter(payload: $0) } }, { $0.encoded() })
    default:
        check(
            payload, { try $0.withUnsafeBytes { try LedgerManifest(payload: $0) } },
            { $0.encoded() })
    }
    return 0
}

private func check<Content: Equatable>(
    _ payload: [UInt8], _ decode: ([UInt8]) throws -> Content, _ encode: (Content) -> [UInt8]
) {
    guard let content = try? decode(payload) else { return }
    let again = try? decode(encode(content))
    precondition(again == content, "it changed on its way")
}
