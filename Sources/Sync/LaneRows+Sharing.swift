internal import Connector
internal import Ledger
internal import Projection
internal import SegmentModel

/// Rows that several members share: whoever writes or removes one has the row written anew, by all
/// members who have its key, in the order of a rebuild (INV-11, docs/decisions/0019).
extension LaneRows {
    /// Of more profiles than twice as many who have one key, only the first and the last are added
    /// again, so many of each.
    static let holderCountMax = 32

    /// The rows of changes, and those of other members that go or come with them. A key's row goes
    /// once, and then all who have the key by now are added by their order, as far as the lane
    /// knows their key already; what comes later in the lane writes the row again.
    ///
    /// - Parameters:
    ///   - settled: profiles of the changes, whose rows are known.
    ///   - last: what the lane's rows are made of once the changes are delivered.
    func withSharedRows(
        _ parts: [LaneBatch.Part], settled: Set<UInt32>, through last: Position,
        parked: ParkedProfiles
    ) throws -> [LaneBatch.Part] {
        if keyNames.isEmpty || parts.isEmpty { return parts }
        return try projections.readHere { reader in
            let sharing = try reader.profilesSharingRowKeys(among: settled.sorted())
            if sharing.isEmpty { return parts }
            var removed = LaneBatch.Part(query: .removeProfiles)
            var added = LaneBatch.Part(query: .addProfiles)
            for part in parts {
                if part.query == .removeProfiles { removed = part } else { added = part }
            }
            var groups = try SharedRows(
                removed: removed.rows.filter { sharing.contains($0.ordinal) },
                added: added.rows.filter { sharing.contains($0.ordinal) },
                keys: { try self.keys(of: $0, reader) })
            removed.rows += groups.removed
            for key in groups.keys {
                let others = try holders(
                    of: key, by: last, without: { settled.contains($0) || parked.holds($0) },
                    reader)
                groups.add(others.map { .init(ordinal: $0, asOf: last) }, of: key)
            }
            added.rows.removeAll { sharing.contains($0.ordinal) }
            added.put(groups.runs(limit: Self.holderCountMax))
            return [removed, added].filter { !$0.rows.isEmpty }
        }
    }

    /// The keys of rows; nil: the profile had none.
    private func keys(
        of images: [LaneBatch.RowImage], _ reader: any ProjectedState
    ) throws -> [RowKey?] {
        var keys = try keys(of: images.map { ($0.ordinal, $0.asOf) }, reader)
        let unknown = images.indices.filter { keys[$0] == nil && images[$0].otherwise != nil }
        let others = try self.keys(
            of: unknown.map { (images[$0].ordinal, images[$0].otherwise) }, reader)
        for (index, key) in zip(unknown, others) { keys[index] = key }
        return keys
    }

    private func keys(
        of images: [(ordinal: UInt32, asOf: Position?)], _ reader: any ProjectedState
    ) throws -> [RowKey?] {
        let known = images.indices.filter { images[$0].asOf != nil }
        let none = [FieldValue?](repeating: nil, count: keyNames.count)
        var values = Array(repeating: none, count: images.count)
        let requests = known.map { index in
            FieldRequest(
                profile: ProfileOrdinal(images[index].ordinal), asOf: images[index].asOf!)
        }
        try reader.readFields(requests) { index, name, kind, bytes in
            guard let place = fields.keyPlace(name) else { return }
            values[known[index]][place] = FieldValue(kind: kind, bytes: bytes)
        }
        return values.map { RowKey(names: keyNames, values: $0) }
    }

    // MARK: Who has a key

    /// The members who have the key by now and had it at a position; of very many the first and the
    /// last ones.
    private func holders(
        of key: RowKey, by last: Position, without isSettled: (UInt32) -> Bool,
        _ reader: any ProjectedState
    ) throws -> [UInt32] {
        let candidates = try reader.profiles(withRowKey: key).filter { !isSettled($0) }
        let (first, rest) = try holders(of: key, among: candidates, by: last, reader)
        let (end, _) = try holders(of: key, among: rest.reversed(), by: last, reader)
        return first + end.reversed()
    }

    /// The first holders among candidates in some order, and the candidates that were not looked
    /// at.
    private func holders(
        of key: RowKey, among candidates: [UInt32], by last: Position, _ reader: any ProjectedState
    ) throws -> (found: [UInt32], rest: [UInt32]) {
        let now = try reader.checkpoint().predecessor
        var (found, start) = ([UInt32](), 0)
        while start < candidates.count, found.count < Self.holderCountMax {
            let end = min(
                start + 2 * (Self.holderCountMax - found.count), candidates.count)
            let part = candidates[start..<end]
            let members = try reader.members(among: Array(part), of: segment)
            let images = members.flatMap { [($0, last as Position?), ($0, now)] }
            let keys = try keys(of: images, reader)
            for (index, member) in members.enumerated() {
                guard keys[2 * index] == key, keys[2 * index + 1] == key else { continue }
                found.append(member)
                if found.count == Self.holderCountMax {
                    let next = part.firstIndex(of: member)! + 1
                    return (found, Array(candidates[next...]))
                }
            }
            start = end
        }
        return (found, Array(candidates[start...]))
    }
}

/// Rows of one delivery whose keys several profiles have, by key.
private struct SharedRows {
    /// In the order in which they were met.
    private(set) var keys: [RowKey] = []
    /// Rows that go before they are written.
    private(set) var removed: [LaneBatch.RowImage] = []
    private var holders: [RowKey: [LaneBatch.RowImage]] = [:]
    /// Of profiles without a key.
    private var others: [LaneBatch.RowImage] = []

    init(
        removed: [LaneBatch.RowImage], added: [LaneBatch.RowImage],
        keys keysOf: ([LaneBatch.RowImage]) throws -> [RowKey?]
    ) throws {
        for case let key? in try keysOf(removed) where holders[key] == nil {
            keys.append(key)
            holders[key] = []
        }
        for (row, key) in zip(added, try keysOf(added)) {
            guard let key else {
                others.append(row)
                continue
            }
            if holders[key] == nil {
                keys.append(key)
                self.removed.append(row)
            }
            holders[key, default: []].append(row)
        }
    }

    mutating func add(_ rows: [LaneBatch.RowImage], of key: RowKey) {
        holders[key, default: []] += rows
    }

    /// The rows to write, so that no key is twice in a run, and of each key in the profiles' order:
    /// databases refuse one statement that writes a row twice.
    func runs(limit: Int) -> [[LaneBatch.RowImage]] {
        var runs = [others]
        for key in keys {
            var rows = holders[key]!.sorted { $0.ordinal < $1.ordinal }
            if rows.count > 2 * limit { rows.removeSubrange(limit..<rows.count - limit) }
            for (number, row) in rows.enumerated() {
                if number == runs.count { runs.append([]) }
                runs[number].append(row)
            }
        }
        return runs
    }
}

extension LaneBatch.Part {
    /// Writes rows in runs behind its own, which go with the first.
    fileprivate mutating func put(_ runs: [[LaneBatch.RowImage]]) {
        rows += runs[0]
        rows.sort { $0.ordinal < $1.ordinal }
        for run in runs.dropFirst() {
            runStarts.append(rows.count)
            rows += run.sorted { $0.ordinal < $1.ordinal }
        }
    }
}
