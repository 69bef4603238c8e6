/// Events on their way into the ledger: one flat buffer of bytes and arrays of records that point
/// into it, so that a batch of any size is a handful of allocations and one hop to the writer.
///
/// Invariants:
/// - a slice lies inside `bytes`;
/// - the profiles of an event are neighbours in `profiles`, the fields of a profile in `fields`;
/// - an event gives its profiles by id or, where all are known and no field changes, by ordinal:
///   neighbours in `ordinals`, ascending;
/// - what stands here was checked against `Limits` by whoever built it.
package struct EventBatch: Sendable {
    /// A run of `bytes`.
    package struct Slice: Hashable, Sendable {
        package var offset: UInt32
        package var count: UInt32

        @inlinable
        package init(offset: UInt32, count: UInt32) {
            self.offset = offset
            self.count = count
        }

        @inlinable
        package static var empty: Slice { Slice(offset: 0, count: 0) }

        @inlinable
        package var range: Range<Int> { Int(offset)..<Int(offset) + Int(count) }
    }

    package struct Event: Sendable {
        package var kind: EventKind
        /// 0 where the kind has none.
        package var segment: SegmentID
        /// The event's own time, if it gave one.
        package var ownTime: Timestamp?
        /// Empty if it gave none; at most 128 bytes of UTF-8.
        package var eventID: Slice
        package var firstProfile: UInt32
        package var profileCount: UInt32
        package var firstOrdinal: UInt32
        package var ordinalCount: UInt32
        /// JSON text: a segment's description, or a system event's content.
        package var body: Slice

        package init(
            kind: EventKind, segment: SegmentID = SegmentID(0), ownTime: Timestamp? = nil,
            eventID: Slice = .empty, firstProfile: UInt32 = 0, profileCount: UInt32 = 0,
            firstOrdinal: UInt32 = 0, ordinalCount: UInt32 = 0, body: Slice = .empty
        ) {
            self.kind = kind
            self.segment = segment
            self.ownTime = ownTime
            self.eventID = eventID
            self.firstProfile = firstProfile
            self.profileCount = profileCount
            self.firstOrdinal = firstOrdinal
            self.ordinalCount = ordinalCount
            self.body = body
        }

        /// Indexes into `EventBatch.profiles`.
        package var profileRange: Range<Int> {
            Int(firstProfile)..<Int(firstProfile) + Int(profileCount)
        }

        /// Indexes into `EventBatch.ordinals`.
        package var ordinalRange: Range<Int> {
            Int(firstOrdinal)..<Int(firstOrdinal) + Int(ordinalCount)
        }
    }

    package struct Profile: Sendable {
        /// 1...256 bytes of UTF-8.
        package var id: Slice
        package var firstField: UInt32
        package var fieldCount: UInt32

        @inlinable
        package init(id: Slice, firstField: UInt32, fieldCount: UInt32) {
            self.id = id
            self.firstField = firstField
            self.fieldCount = fieldCount
        }
    }

    package struct Field: Sendable {
        package var name: Slice
        package var kind: FieldKind
        package var value: Slice

        @inlinable
        package init(name: Slice, kind: FieldKind, value: Slice) {
            self.name = name
            self.kind = kind
            self.value = value
        }
    }

    package var bytes: [UInt8] = []
    package var events: [Event] = []
    package var profiles: [Profile] = []
    package var fields: [Field] = []
    package var ordinals: [UInt32] = []

    package init() {}

    package var isEmpty: Bool { events.isEmpty }

    /// Adds bytes to the buffer and returns where they stand.
    @inlinable
    package mutating func store(_ newBytes: some Collection<UInt8>) -> Slice {
        let offset = bytes.count
        bytes.append(contentsOf: newBytes)
        return Slice(offset: UInt32(offset), count: UInt32(bytes.count - offset))
    }

    /// Text of a slice, for messages and tests.
    package func string(_ slice: Slice) -> String {
        String(decoding: bytes[slice.range], as: UTF8.self)
    }

    /// Adds an event without profiles, for example a system event with its JSON body.
    package mutating func append(
        _ kind: EventKind, segment: SegmentID = SegmentID(0), ownTime: Timestamp? = nil,
        eventID: String = "", body: String = ""
    ) {
        let idSlice = store(eventID.utf8)
        let bodySlice = store(body.utf8)
        events.append(
            Event(
                kind: kind, segment: segment, ownTime: ownTime, eventID: idSlice,
                firstProfile: UInt32(profiles.count), body: bodySlice))
    }

    /// Adds an event whose profiles the ledger knows, by their ordinals, ascending.
    package mutating func append(
        _ kind: EventKind, segment: SegmentID = SegmentID(0), ownTime: Timestamp? = nil,
        ordinals newOrdinals: some Collection<UInt32>
    ) {
        let first = ordinals.count
        ordinals.append(contentsOf: newOrdinals)
        events.append(
            Event(
                kind: kind, segment: segment, ownTime: ownTime,
                firstProfile: UInt32(profiles.count), firstOrdinal: UInt32(first),
                ordinalCount: UInt32(ordinals.count - first)))
    }

    /// Adds an event with profiles: convenient for tests and generators, not the ingest path.
    package mutating func append(
        _ kind: EventKind, segment: SegmentID = SegmentID(0), ownTime: Timestamp? = nil,
        eventID: String = "",
        profiles newProfiles: [(id: String, fields: [(name: String, value: FieldValue)])]
    ) {
        let first = UInt32(profiles.count)
        for profile in newProfiles {
            let firstField = UInt32(fields.count)
            for field in profile.fields {
                let name = store(field.name.utf8)
                let value = store(field.value.bytes)
                fields.append(Field(name: name, kind: field.value.kind, value: value))
            }
            let id = store(profile.id.utf8)
            profiles.append(
                Profile(
                    id: id, firstField: firstField, fieldCount: UInt32(profile.fields.count)))
        }
        let idSlice = store(eventID.utf8)
        events.append(
            Event(
                kind: kind, segment: segment, ownTime: ownTime, eventID: idSlice,
                firstProfile: first, profileCount: UInt32(newProfiles.count)))
    }
}
