internal import Connector
internal import Ledger
internal import Projection
internal import SegmentModel
internal import Synchronization

/// What the rows of a lane follow beside the events of its segment: fields of its members.
///
/// - Concurrency: blocks on the projections; call it on an owned thread.
final class LaneRows: Sendable {
    private struct Kept {
        /// The changes behind this position, nil: from the beginning,
        var after: Position?
        /// before this one
        var end: Position
        /// that concern the lane.
        var changes: [RowChange]
    }

    let segment: SegmentID
    let ledger: any Ledger
    let projections: any Projections
    private let integration: String
    let fields: RowFieldNumbers
    /// The fields of the key, if several profiles may have it; else none.
    let keyNames: [ExactText]
    private let kept = Mutex<Kept?>(nil)
    private let following: RowFollowing

    /// Changes of profiles from before the fields were followed that are in memory at once, those
    /// of one event aside.
    let earlierChangeCountMax: Int

    /// nil: the rows follow nothing.
    init?(
        plan: IntegrationPlan, segment: SegmentID, context: SyncContext,
        earlierChangeCountMax: Int = 1 << 18
    ) {
        guard !plan.rowFields.all.isEmpty else { return nil }
        self.segment = segment
        self.earlierChangeCountMax = earlierChangeCountMax
        ledger = context.ledger
        integration = plan.definition.name
        projections = context.projections
        keyNames = plan.rowFields.hasSharedKey ? plan.rowFields.orderedKey : []
        following = plan.following
        fields = following.numbers { RowFieldNumbers(plan.rowFields, context.ledger) }
    }

    /// Changes behind a position, ascending, as far as they are folded.
    struct Changes {
        private let rows: LaneRows
        private var pending: ArraySlice<RowChange>
        private var end: Position

        fileprivate init(_ rows: LaneRows, after position: Position?) throws {
            self.rows = rows
            (pending, end) = try rows.read(after: position)
        }

        /// The next one, if it stands before `position`.
        mutating func next(before position: Position) throws -> RowChange? {
            while pending.isEmpty, end < position {
                let (more, known) = try rows.read(after: end.predecessor)
                guard known > end else { return nil }
                (pending, end) = (more, known)
            }
            guard let first = pending.first, first.position < position else { return nil }
            return pending.removeFirst()
        }

        /// Whether it is known what an event changed.
        func reaches(_ position: Position) -> Bool { position < end }

        /// What the event itself changed, which is the next one if any is.
        mutating func take(at position: Position) -> RowChange? {
            guard let first = pending.first, first.position == position else { return nil }
            return pending.removeFirst()
        }
    }

    func changes(after position: Position?) throws -> Changes {
        try Changes(self, after: position)
    }

    /// Rows of so many changes at once.
    private static let readCountMax = 64

    /// Changes behind `position`, and up to where there are no others: what is kept, if it goes on
    /// there; else what the projections have.
    private func read(after position: Position?) throws -> (ArraySlice<RowChange>, Position) {
        let next = position.map { $0.advanced(by: 1) } ?? Position(0)
        let found = kept.withLock { kept -> Kept? in
            guard let kept, next < kept.end else { return nil }
            let isNotBefore = kept.after.map { after in position.map { $0 >= after } ?? false }
            return isNotBefore ?? true ? kept : nil
        }
        let kept = try found ?? load(after: position)
        return (kept.changes.drop { $0.position < next }, kept.end)
    }

    private func load(after position: Position?) throws -> Kept {
        let next = position.map { $0.advanced(by: 1) } ?? Position(0)
        let loaded = try projections.readHere { reader -> Kept in
            let followedFrom = try following.start { try reader.rowFieldsStart(of: integration) }
            if let start = followedFrom, next < start {
                let (changes, end) = try earlierChanges(after: position, before: start, reader)
                return Kept(after: position, end: end, changes: changes)
            }
            let found = try reader.rowChanges(
                of: segment, after: position, limit: Self.readCountMax)
            let isCut = found.count == Self.readCountMax
            return Kept(
                after: position,
                end: isCut ? found.last!.position.advanced(by: 1) : try reader.checkpoint(),
                changes: found.filter { $0.names.contains(where: fields.isFollowed) })
        }
        kept.withLock { $0 = loaded }
        return loaded
    }

    // MARK: Rows

    /// The batch with the rows of its changes, where fields decide of them, or other members.
    func resolve(_ batch: LaneBatch, _ parked: ParkedProfiles) throws -> LaneBatch {
        var resolved = batch
        if batch.members.contains(where: \.replaces) { resolved = try resolve(batch) }
        if keyNames.isEmpty || resolved.members.isEmpty { return resolved }
        let parts = try withSharedRows(
            resolved.changes, settled: Set(resolved.members.map(\.ordinal)),
            through: batch.lastPosition, parked: parked)
        resolved.resolved = parts
        return resolved
    }

    private func resolve(_ batch: LaneBatch) throws -> LaneBatch {
        let differences = try differences(batch.members)
        var removed = LaneBatch.Part(query: .removeProfiles)
        var added = LaneBatch.Part(query: .addProfiles)
        var resolved = batch
        resolved.members.removeAll(keepingCapacity: true)
        for (index, member) in batch.members.enumerated() {
            if member.isRemoved {
                removed.rows.append(LaneBatch.RowImage(removedBy: member))
                removed.changeCount += 1
            } else {
                let difference = differences[index] ?? .none
                // What nobody said and no query reads is none.
                if member.isUpdate, difference == .none { continue }
                if difference == .key {
                    removed.rows.append(
                        LaneBatch.RowImage(ordinal: member.ordinal, asOf: member.imagePosition))
                }
                added.rows.append(LaneBatch.RowImage(addedBy: member))
                added.changeCount += 1
            }
            resolved.members.append(member)
        }
        resolved.resolved = [removed, added].filter { !$0.rows.isEmpty }
        return resolved
    }

    private enum Difference {
        case none, others, key
    }

    /// How the rows of changes that replace one differ from it, by the change's place.
    private func differences(_ members: [LaneBatch.Member]) throws -> [Int: Difference] {
        var places: [Int] = []
        var requests: [FieldRequest] = []
        for (place, member) in members.enumerated() where member.replaces && !member.isRemoved {
            let profile = ProfileOrdinal(member.ordinal)
            guard let image = member.imagePosition else { continue }
            places.append(place)
            requests.append(.init(profile: profile, asOf: image))
            requests.append(.init(profile: profile, asOf: member.position))
        }
        let values = try values(requests)
        var differences: [Int: Difference] = [:]
        for (index, place) in places.enumerated() {
            let (before, now) = (values[2 * index], values[2 * index + 1])
            differences[place] =
                before.key != now.key
                ? .key : before.others != now.others ? .others : Difference.none
        }
        return differences
    }

    /// What the row of a profile is made of.
    struct Values: Hashable {
        var key: [UInt32: FieldValue] = [:]
        var others: [UInt32: FieldValue] = [:]

        /// Names of the fields that are others.
        func names(unlike other: Values) -> Set<UInt32> {
            let names = [key, others, other.key, other.others].flatMap(\.keys)
            return Set(names).filter {
                key[$0] != other.key[$0] || others[$0] != other.others[$0]
            }
        }
    }

    private func values(_ requests: [FieldRequest]) throws -> [Values] {
        try projections.readHere { try values(requests, $0) }
    }

    func values(_ requests: [FieldRequest], _ reader: any ProjectedState) throws -> [Values] {
        var values = Array(repeating: Values(), count: requests.count)
        try reader.readFields(requests) { index, name, kind, bytes in
            switch fields.role(name) {
            case .key: values[index].key[name] = FieldValue(kind: kind, bytes: bytes)
            case .other: values[index].others[name] = FieldValue(kind: kind, bytes: bytes)
            case nil: break
            }
        }
        return values
    }

    /// The rows that profiles may have had from `start` (nil: before all events) up to `last`, one
    /// for each key that one of them had.
    ///
    /// - Parameter isLast: also those that they have by `last`.
    func images(
        of profiles: [UInt32], from start: Position?, through last: Position,
        withLast isLast: Bool
    ) throws -> [LaneBatch.RowImage] {
        var images: [LaneBatch.RowImage] = []
        try projections.readHere { reader in
            try reader.fieldChangePositions(of: profiles.map { ProfileOrdinal($0) }) {
                profile, changed in
                let behind = changed.filter { position in
                    position <= last && start.map { position > $0 } ?? true
                }
                // nil: a row without any of the key's fields.
                for position in [start] + behind {
                    images.append(.init(ordinal: profile.rawValue, asOf: position))
                }
            }
        }
        return try distinct(images, withLast: isLast)
    }

    /// One row for each key of a profile, whose rows stand together.
    private func distinct(
        _ images: [LaneBatch.RowImage], withLast isLast: Bool
    ) throws -> [LaneBatch.RowImage] {
        let known = images.indices.filter { images[$0].asOf != nil }
        let found = try values(
            known.map { index in
                let image = images[index]
                return .init(profile: ProfileOrdinal(image.ordinal), asOf: image.asOf!)
            })
        var values = Array(repeating: Values(), count: images.count)
        for (index, value) in zip(known, found) { values[index] = value }
        var kept: [LaneBatch.RowImage] = []
        var start = 0
        while start < images.count {
            let end =
                images[start...].firstIndex { $0.ordinal != images[start].ordinal }
                ?? images.count
            var seen: Set<[UInt32: FieldValue]> = isLast ? [] : [values[end - 1].key]
            for index in start..<end where seen.insert(values[index].key).inserted {
                kept.append(images[index])
            }
            start = end
        }
        return kept
    }

    /// Whether an event changed fields of a profile that was a member by then.
    func isReplaced(_ profile: ProfileOrdinal, at position: Position) throws -> Bool {
        var changes = try changes(after: position.predecessor)
        return changes.take(at: position)?.profiles.contains(profile.rawValue) ?? false
    }
}

/// What the lanes of an integration have in common of the fields that its rows follow: found out by
/// the first that asks.
final class RowFollowing: Sendable {
    private struct State {
        var numbers: RowFieldNumbers?
        var start: Position?
    }

    private let state = Mutex(State())

    func numbers(_ make: () -> RowFieldNumbers) -> RowFieldNumbers {
        state.withLock { state in
            let numbers = state.numbers ?? make()
            state.numbers = numbers
            return numbers
        }
    }

    /// From which event on the projections note all that the rows follow; nil: they do not yet.
    func start(_ find: () throws -> Position?) rethrows -> Position? {
        if let known = state.withLock({ $0.start }) { return known }
        let found = try find()
        state.withLock { $0.start = found }
        return found
    }
}

/// Which fields rows follow, by the numbers of their names: looked up once each.
final class RowFieldNumbers: Sendable {
    enum Role: Sendable {
        case key, other
    }

    private let fields: RowFields
    private let orderedKey: [ExactText]
    private let ledger: any Ledger
    private let known = Mutex<[UInt32: Role?]>([:])

    init(_ fields: RowFields, _ ledger: any Ledger) {
        self.fields = fields
        orderedKey = fields.orderedKey
        self.ledger = ledger
    }

    /// Where the key has the field.
    func keyPlace(_ name: UInt32) -> Int? {
        guard role(name) == .key else { return nil }
        return orderedKey.firstIndex(of: ExactText(ledger.fieldName(name)))
    }

    func role(_ name: UInt32) -> Role? {
        known.withLock { known in
            if let role = known[name] { return role }
            let text = ExactText(ledger.fieldName(name))
            let role: Role? =
                fields.key.contains(text) ? .key : fields.others.contains(text) ? .other : nil
            known[name] = .some(role)
            return role
        }
    }

    func isFollowed(_ name: UInt32) -> Bool { role(name) != nil }
}
