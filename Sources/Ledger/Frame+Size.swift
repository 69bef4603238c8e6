internal import FrameCodec

extension Frame {
    /// Raw bytes that the payload is about to have, from above.
    var payloadByteCountEstimate: Int { payloadByteCountEstimate(bytes.count) }

    /// The same, where only some of `bytes` are the frame's texts.
    func payloadByteCountEstimate(_ textByteCount: Int) -> Int {
        textByteCount + events.count * 48 + ordinals.count * 6 + changes.count * 32
    }
}
