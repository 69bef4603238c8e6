import Crypto
import FrameCodec
import MerkleTree
import SegmentModel

/// Events as a ledger's user sees them, for tests of leaves: they become frames cut anywhere, and
/// leaves as docs/internals/ledger-format.md writes them down, by code that shares nothing with
/// `LeafHasher`.
struct LeafModel {
    struct Field {
        var name: String
        var kind: FieldKind
        var value: String
    }

    struct Profile {
        var id: String
        var fields: [Field] = []
    }

    struct Event {
        var kind = EventKind.profilesAdded
        var segment: Int64 = 1
        var time: Int64 = 1
        var ownTime: Int64?
        var recordedAt: Int64 = 1
        var eventID = ""
        var body = ""
        /// Distinct.
        var profiles: [Profile] = []
    }

    var events: [Event]
    var secret = [UInt8](repeating: 7, count: 32)

    // MARK: Frames

    /// Frames that begin at the indexes given, 0 among them.
    func frames(beginningAt starts: Set<Int>) -> [Frame] {
        var ordinals: [String: UInt32] = [:]
        var names: [String: UInt32] = [:]
        var frames: [Frame] = []
        for (index, event) in events.enumerated() {
            if starts.contains(index) {
                frames.append(
                    Frame(
                        firstPosition: Position(UInt64(index)),
                        firstOrdinal: UInt32(ordinals.count),
                        firstFieldName: UInt32(names.count)))
            }
            Self.add(event, to: &frames[frames.count - 1], &ordinals, &names)
        }
        return frames
    }

    private static func add(
        _ event: Event, to frame: inout Frame, _ ordinals: inout [String: UInt32],
        _ names: inout [String: UInt32]
    ) {
        func store(_ text: String) -> Frame.Slice {
            let offset = frame.bytes.count
            frame.bytes.append(contentsOf: text.utf8)
            return Frame.Slice(offset: UInt32(offset), count: UInt32(text.utf8.count))
        }
        for profile in event.profiles where ordinals[profile.id] == nil {
            ordinals[profile.id] = UInt32(ordinals.count)
            frame.newProfiles.append(store(profile.id))
        }
        let firstOrdinal = UInt32(frame.ordinals.count)
        let firstRecord = UInt32(frame.records.count)
        for profile in event.profiles.sorted(by: { ordinals[$0.id]! < ordinals[$1.id]! }) {
            frame.ordinals.append(ordinals[profile.id]!)
            guard !profile.fields.isEmpty else { continue }
            frame.records.append(
                Frame.FieldRecord(
                    ordinal: ordinals[profile.id]!, firstChange: UInt32(frame.changes.count),
                    changeCount: UInt32(profile.fields.count)))
            for field in profile.fields {
                if names[field.name] == nil {
                    names[field.name] = UInt32(names.count)
                    frame.newFieldNames.append(store(field.name))
                }
                frame.changes.append(
                    Frame.FieldChange(
                        name: names[field.name]!, kind: field.kind, value: store(field.value)))
            }
        }
        frame.events.append(
            Frame.Event(
                kind: event.kind, segment: SegmentID(event.segment),
                time: Timestamp(rawValue: event.time),
                recordedAt: Timestamp(rawValue: event.recordedAt),
                ownTime: event.ownTime.map { Timestamp(rawValue: $0) },
                eventID: store(event.eventID), body: store(event.body),
                firstOrdinal: firstOrdinal, ordinalCount: UInt32(event.profiles.count),
                firstRecord: firstRecord,
                recordCount: UInt32(frame.records.count) - firstRecord))
    }

    // MARK: Leaves as the page draws them

    func leaves() -> [TreeHash] {
        var salts = SaltTree(secret: secret)
        var ordinals: [String: UInt32] = [:]
        return events.enumerated().map { position, event in
            let known = ordinals.count
            for profile in event.profiles where ordinals[profile.id] == nil {
                ordinals[profile.id] = UInt32(ordinals.count)
            }
            let profiles = event.profiles.map { (ordinals[$0.id]!, $0) }.sorted { $0.0 < $1.0 }
            let new = profiles.filter { $0.0 >= known }
            let changed = profiles.filter { !$0.1.fields.isEmpty }
            var bytes: [UInt8] = [1, event.kind.rawValue, event.ownTime == nil ? 0 : 1]
            bytes.append(UInt8(event.eventID.utf8.count))
            bytes += Self.fixed(UInt32(profiles.count)) + Self.fixed(UInt64(position))
            bytes += Self.fixed(event.segment) + Self.fixed(event.time)
            bytes += Self.fixed(event.ownTime ?? 0) + Self.fixed(event.recordedAt)
            bytes += Self.fixed(UInt32(event.body.utf8.count))
            bytes += Self.fixed(UInt32(new.count)) + Self.fixed(UInt32(changed.count))
            bytes += Array(event.eventID.utf8) + Array(event.body.utf8)
            for (ordinal, _) in profiles { bytes += Self.fixed(ordinal) }
            for (ordinal, profile) in new {
                bytes += Self.sha256(salts.salt(for: ordinal)!.bytes + [1] + Array(profile.id.utf8))
            }
            for (ordinal, profile) in changed {
                let record = Self.record(profile, UInt64(position))
                bytes += Self.fixed(ordinal)
                bytes += Self.sha256(salts.salt(for: ordinal)!.bytes + record)
            }
            return TreeHash(Self.sha256([0] + bytes))!
        }
    }

    func root() -> TreeHash {
        var range = CompactRange()
        for leaf in leaves() { range.append(leaf) }
        return range.root()
    }

    private static func record(_ profile: Profile, _ position: UInt64) -> [UInt8] {
        var bytes: [UInt8] = [2] + fixed(position)
        for field in profile.fields {
            bytes += fixed(UInt32(field.name.utf8.count)) + Array(field.name.utf8)
            bytes += [field.kind.rawValue] + fixed(UInt32(field.value.utf8.count))
            bytes += Array(field.value.utf8)
        }
        return bytes
    }

    private static func fixed(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    private static func sha256(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }
}
