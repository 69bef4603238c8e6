package import SegmentModel

/// Writes events back as NDJSON, piece by piece, whatever the source: a decoded frame, a batch.
///
/// One event: `begin`, then `member`s, then the profiles if the kind has them, then `end`. What
/// came from a platform reads back as the same event.
package struct EventWriter: Sendable {
    /// For members of the caller's own between `begin` and `end`.
    package var json = JSONWriter()

    package init() {}

    package var bytes: [UInt8] { json.bytes }

    /// Forgets the written lines and keeps the memory.
    package mutating func removeAll() { json.removeAll() }

    /// Opens the event. `eventID` may be empty; `body` is empty or a compact JSON object whose
    /// members become the event's.
    package mutating func begin(
        _ kind: EventKind, segment: SegmentID, time: Timestamp?,
        eventID: some Collection<UInt8>, body: some BidirectionalCollection<UInt8>
    ) {
        json.beginObject()
        json.member("type", kind.name)
        if !eventID.isEmpty {
            json.key("event_id")
            json.string(eventID)
        }
        if let time { json.member("time", time.description) }
        if kind.hasSegment { json.member("segment_id", segment.rawValue) }
        if !body.isEmpty { json.members(ofObject: body) }
    }

    package mutating func beginProfiles() {
        json.key("profiles")
        json.beginArray()
    }

    /// Opens a profile; fields go between this and `endProfile`.
    package mutating func beginProfile(id: some Collection<UInt8>) {
        json.beginObject()
        json.key("id")
        json.string(id)
    }

    package mutating func beginFields() {
        json.key("fields")
        json.beginObject()
    }

    package mutating func field(
        name: some Collection<UInt8>, kind: FieldKind, value: some Collection<UInt8>
    ) {
        json.key(name)
        json.value(kind: kind, bytes: value)
    }

    package mutating func endFields() { json.endObject() }

    package mutating func endProfile() { json.endObject() }

    package mutating func endProfiles() { json.endArray() }

    /// Closes the event and its line.
    package mutating func end() {
        json.endObject()
        json.newLine()
    }
}

extension JSONWriter {
    /// A profile's field: the JSON value that it came from.
    package mutating func value(kind: FieldKind, bytes: some Collection<UInt8>) {
        switch kind {
        case .null: null()
        case .false: value(false)
        case .true: value(true)
        case .number, .json: raw(bytes)
        case .text: string(bytes)
        }
    }
}
