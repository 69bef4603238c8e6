internal import Crypto
package import FrameCodec
package import SegmentModel

/// A running SHA-256 over what events say: equal for equal events, however they lie in frames.
///
/// Covers of each event everything but its frame, with ids and names as text, so that it does not
/// rest on the numbers alone.
package struct EventDigest {
    private var hash = SHA256()
    private var buffer: [UInt8] = []
    private var profileCount: UInt32 = 0
    private var fieldNames: [[UInt8]] = []
    /// Position after the last event taken in.
    package private(set) var end = Position(0)

    package init() {}

    /// Takes in a frame's events up to and with `cut`; nil: all.
    package mutating func add(_ frame: Frame, through cut: Position? = nil) {
        fieldNames += frame.newFieldNames.map { Array(frame.bytes[$0.range]) }
        for (index, event) in frame.events.enumerated() {
            let position = frame.firstPosition.advanced(by: index)
            if let cut, position > cut { break }
            add(event, of: frame)
            end = position.advanced(by: 1)
        }
        buffer.withUnsafeBytes { hash.update(bufferPointer: $0) }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Lower-case hex.
    package func finish() -> String {
        hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private mutating func add(_ event: Frame.Event, of frame: Frame) {
        buffer.append(event.kind.rawValue)
        buffer.appendLittleEndian(event.segment.rawValue)
        buffer.appendLittleEndian(event.time.rawValue)
        buffer.appendLittleEndian(event.recordedAt.rawValue)
        buffer.append(event.ownTime == nil ? 0 : 1)
        buffer.appendLittleEndian(event.ownTime?.rawValue ?? 0)
        add(frame.bytes[event.eventID.range])
        add(frame.bytes[event.body.range])
        buffer.appendLittleEndian(event.ordinalCount)
        for ordinal in frame.ordinals[event.ordinalRange] {
            buffer.appendLittleEndian(ordinal)
            if ordinal >= max(profileCount, frame.firstOrdinal) {
                // Numbered by first appearance, but an event lists its profiles by number.
                let slice = frame.newProfiles[Int(ordinal - frame.firstOrdinal)]
                add(frame.bytes[slice.range])
            }
        }
        if let last = frame.ordinals[event.ordinalRange].last {
            profileCount = max(profileCount, last + 1)
        }
        buffer.appendLittleEndian(event.recordCount)
        for record in frame.records[event.recordRange] {
            buffer.appendLittleEndian(record.ordinal)
            buffer.appendLittleEndian(record.changeCount)
            for change in frame.changes[record.changeRange] {
                add(fieldNames[Int(change.name)][...])
                buffer.append(change.kind.rawValue)
                add(frame.bytes[change.value.range])
            }
        }
    }

    private mutating func add(_ bytes: ArraySlice<UInt8>) {
        buffer.appendLittleEndian(UInt32(bytes.count))
        buffer.append(contentsOf: bytes)
    }
}
