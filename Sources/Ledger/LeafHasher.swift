package import FrameCodec
package import MerkleTree
internal import SegmentModel

/// Why an event has no leaf.
package enum LeafError: Error, Hashable, Sendable {
    /// The frame does not continue the frames before it: a position, an ordinal or a field name's
    /// number is not the one that comes next.
    case discontinuous
    /// The salt of this ordinal was erased: the commitments to its records are known only from
    /// where the erasure kept them.
    case erased(UInt32)
}

extension LeafError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .discontinuous: "an event does not continue the events before it"
        case .erased: "a profile was erased, so its commitments cannot be computed"
        }
    }
}

/// Turns the events of frames into Merkle leaves; docs/internals/ledger-format.md draws them. The
/// leaves of the same events are the same in whichever frames, blocks or chunks they lie.
///
/// Takes frames in ledger order, from a point at which the number of profiles and the field names
/// are known: a chunk's header, a snapshot, or the beginning. Costs about one SHA-256 of 4 bytes a
/// change; a new profile costs two more hashes, a field record at least one.
///
/// Not shared between threads: it reuses its buffers.
package struct LeafHasher {
    /// Profiles named so far, which is the next new one's ordinal.
    package private(set) var profileCount: UInt32
    private var fieldNames: [[UInt8]]
    private var salts: SaltTree
    /// Of the profiles that the event is the first to name, from `firstNewOrdinal` on.
    private var newSalts: [Salt] = []
    private var firstNewOrdinal: UInt32 = 0
    private var head = LeafBytes()
    private var commitments = LeafBytes()
    private var record = LeafBytes()

    /// - Parameters:
    ///   - profileCount: profiles named before the first frame.
    ///   - fieldNames: names given numbers before the first frame, by number.
    package init(salts: SaltTree, profileCount: UInt32 = 0, fieldNames: [[UInt8]] = []) {
        self.salts = salts
        self.profileCount = profileCount
        self.fieldNames = fieldNames
    }

    /// Goes on with other salts, as after an erasure: those of what comes must be the same.
    package mutating func use(_ salts: SaltTree) { self.salts = salts }

    /// Appends the leaves of a frame's events to a range that ends at the frame's first position.
    /// After an error neither this nor the range is of further use.
    package mutating func add(
        _ frame: Frame, into range: inout CompactRange
    ) throws(LeafError) {
        guard range.end == frame.firstPosition.rawValue else { throw .discontinuous }
        try begin(frame)
        for index in frame.events.indices { range.append(try leaf(index, of: frame)) }
        try end(frame)
    }

    /// The leaves of a frame's events, in their order.
    package mutating func leaves(of frame: Frame) throws(LeafError) -> [TreeHash] {
        try begin(frame)
        var leaves: [TreeHash] = []
        leaves.reserveCapacity(frame.events.count)
        for index in frame.events.indices { leaves.append(try leaf(index, of: frame)) }
        try end(frame)
        return leaves
    }

    private mutating func begin(_ frame: Frame) throws(LeafError) {
        guard frame.firstOrdinal == profileCount, Int(frame.firstFieldName) == fieldNames.count
        else { throw .discontinuous }
        for name in frame.newFieldNames { fieldNames.append(Array(frame.bytes[name.range])) }
    }

    /// Every new profile of the frame was named by an event of it.
    private func end(_ frame: Frame) throws(LeafError) {
        guard Int(profileCount) == Int(frame.firstOrdinal) + frame.newProfiles.count else {
            throw .discontinuous
        }
    }

    private mutating func leaf(
        _ index: Int, of frame: Frame
    ) throws(LeafError) -> TreeHash {
        let event = frame.events[index]
        let position = frame.firstPosition.advanced(by: index)
        commitments.removeAll()
        let newProfileCount = try commitToNewProfiles(of: event, in: frame)
        for index in event.recordRange {
            try commit(to: frame.records[index], at: position, in: frame)
        }
        head.removeAll()
        EventLeaf.appendHead(
            of: event, in: frame, at: position, newProfileCount: newProfileCount, to: &head)
        var digest = LeafDigest()
        head.withUnsafeBytes { digest.update($0) }
        if event.ordinalCount > 0 { Self.update(&digest, with: frame.ordinals[event.ordinalRange]) }
        if commitments.count > 0 { commitments.withUnsafeBytes { digest.update($0) } }
        return digest.finish()
    }

    private static func update(_ digest: inout LeafDigest, with ordinals: ArraySlice<UInt32>) {
        #if _endian(little)
            ordinals.withUnsafeBytes { digest.update($0) }
        #else
            ordinals.map(\.littleEndian).withUnsafeBytes { digest.update($0) }
        #endif
    }

    /// Commits to the profiles that the event is the first to name: its last ordinals, since they
    /// ascend and new profiles are numbered in the order of their first event.
    private mutating func commitToNewProfiles(
        of event: Frame.Event, in frame: Frame
    ) throws(LeafError) -> UInt32 {
        newSalts.removeAll(keepingCapacity: true)
        firstNewOrdinal = profileCount
        let ordinals = event.ordinalRange
        guard !ordinals.isEmpty else { return 0 }
        let last = frame.ordinals[ordinals.upperBound - 1]
        guard last >= profileCount else { return 0 }
        let count = Int(last - profileCount) + 1
        guard count <= ordinals.count, last < UInt32.max,
            frame.ordinals[ordinals.upperBound - count] == profileCount,
            Int(last - frame.firstOrdinal) < frame.newProfiles.count
        else { throw .discontinuous }
        for ordinal in profileCount...last {
            let id = frame.newProfiles[Int(ordinal - frame.firstOrdinal)]
            newSalts.append(try beginRecord(for: ordinal))
            EventLeaf.appendProfileID(id, in: frame, to: &record)
            commit()
        }
        profileCount = last + 1
        return UInt32(count)
    }

    /// `ordinal 4 | commitment 32`
    private mutating func commit(
        to fields: Frame.FieldRecord, at position: Position, in frame: Frame
    ) throws(LeafError) {
        for index in fields.changeRange {
            guard Int(frame.changes[index].name) < fieldNames.count else { throw .discontinuous }
        }
        _ = try beginRecord(for: fields.ordinal)
        EventLeaf.appendRecord(fields, in: frame, at: position, names: fieldNames, to: &record)
        commitments.put(fields.ordinal)
        commit()
    }

    /// Appends the commitment to the record that was put together.
    private mutating func commit() {
        let commitment = record.withUnsafeBytes { TreeHash(sha256: $0) }
        commitment.withUnsafeBytes { commitments.put($0) }
    }

    /// Puts the ordinal's salt, and returns it.
    private mutating func beginRecord(for ordinal: UInt32) throws(LeafError) -> Salt {
        guard let salt = newSalt(of: ordinal) ?? salts.salt(for: ordinal) else {
            throw .erased(ordinal)
        }
        record.removeAll()
        salt.withUnsafeBytes { record.put($0) }
        return salt
    }

    private func newSalt(of ordinal: UInt32) -> Salt? {
        guard ordinal >= firstNewOrdinal else { return nil }
        let index = Int(ordinal - firstNewOrdinal)
        return index < newSalts.count ? newSalts[index] : nil
    }
}
