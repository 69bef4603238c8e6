internal import FrameCodec

extension Frame {
    /// Raw bytes that the payload is about to have, from above.
    var payloadByteCountEstimate: Int {
        bytes.count + events.count * 48 + ordinals.count * 6 + changes.count * 32
    }

    func isFull(_ sizes: LedgerSizes) -> Bool {
        ordinals.count >= sizes.frameChangeCount
            || payloadByteCountEstimate >= sizes.framePayloadByteCount
    }
}
