internal import Crypto
internal import Ledger
package import SegmentModel

extension LedgerAudit {
    /// Ids of a segment's members at a moment (nil: now), sorted by their bytes. Empty where the
    /// segment was not created yet.
    ///
    /// - Throws: `notFound` for a segment that the ledger has never seen, or a position beyond its
    ///   end.
    /// - Complexity: reads only frames that hold the segment.
    package func members(of segment: SegmentID, at moment: Moment? = nil) throws -> [String] {
        ids(try ordinals(of: segment, at: moment))
    }

    /// The members as a number and a checksum; throws like `members(of:at:)`.
    package func memberCount(
        of segment: SegmentID, at moment: Moment? = nil
    ) throws -> MemberCount {
        let ids = try members(of: segment, at: moment)
        var hash = SHA256()
        for (index, id) in ids.enumerated() {
            if index > 0 { hash.update(data: [UInt8(ascii: "\n")]) }
            hash.update(data: Array(id.utf8))
        }
        let sha256 = hash.finalize()
            .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return MemberCount(count: ids.count, sha256: sha256)
    }

    /// What has to be added to and removed from the members at `from` to get those at `to`, which
    /// may be the earlier moment. Throws like `members(of:at:)`.
    package func difference(
        of segment: SegmentID, from: Moment, to: Moment
    ) throws -> MemberDifference {
        let before = try ordinals(of: segment, at: from)
        let after = try ordinals(of: segment, at: to)
        var added = after
        before.forEach { added.remove($0) }
        var removed = before
        after.forEach { removed.remove($0) }
        return MemberDifference(added: ids(added), removed: ids(removed))
    }

    func ordinals(of segment: SegmentID, at moment: Moment?) throws -> OrdinalSet {
        try checkKnown(segment)
        var scan = MembershipScan(self, segment)
        if let last = try lastPosition(at: moment) { try scan.advance(through: last) }
        return scan.members
    }

    private func ids(_ ordinals: OrdinalSet) -> [String] {
        var ids: [String] = []
        ids.reserveCapacity(ordinals.count)
        ordinals.forEach { ids.append(ledger.profileID(of: ProfileOrdinal($0))) }
        // By bytes: `<` on strings compares by canonical equivalence.
        ids.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return ids
    }
}
