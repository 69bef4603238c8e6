internal import FrameCodec
internal import Ledger
internal import Projection
internal import SegmentModel

/// Changes of members' fields from before the rows of the integration followed them: the
/// projections note them from then on only. A function of the ledger, made anew for each lane that
/// stands before that event.
extension LaneRows {
    private struct Change {
        let position: Position
        /// nil: of nobody.
        let profile: UInt32?

        static func isBefore(_ left: Change, _ right: Change) -> Bool {
            left.position != right.position
                ? left.position < right.position : left.profile ?? 0 < right.profile ?? 0
        }
    }

    /// Changes behind `position` and before `start`, from where on the projections have them; and
    /// up to where there are no others. The last one names nobody and stands just before `start`:
    /// with it the lane's cursor passes all of them for good.
    ///
    /// - Complexity: two ways through the segment's frames up to `start`, and through the pages of
    ///   the fields, from `position` on, of everybody who was ever named with it.
    func earlierChanges(
        after position: Position?, before start: Position, _ reader: any ProjectedState
    ) throws -> (changes: [RowChange], end: Position) {
        var named = MembershipSet()
        var exists = false
        try forEachEvent(before: start) { _, event, ordinals in
            named.insert(ordinals)
            exists = event.kind != .segmentDeleted
        }
        let first = position.map { $0.advanced(by: 1) } ?? Position(0)
        let (candidates, end) = try candidates(named, from: first, before: start, reader)
        let found = try differing(try ofMembers(candidates, before: end), reader)
        var changes = try rowChanges(found)
        if let last = start.predecessor, end == start, exists,
            changes.last?.position != last
        {
            changes += try rowChanges([(Change(position: last, profile: nil), [])])
        }
        return (changes, end)
    }

    private func forEachEvent(
        before end: Position, _ body: (Position, Frame.Event, ArraySlice<UInt32>) throws -> Void
    ) throws {
        var at: Position?
        while let frame = try ledger.changes(of: segment, after: at), frame.firstPosition < end {
            try frame.forEachEvent(of: segment) { index, event in
                let position = frame.firstPosition.advanced(by: index)
                if position >= end { return }
                try body(position, event, frame.ordinals[event.ordinalRange])
            }
            at = frame.endPosition.predecessor
        }
    }

    /// The first changes of fields of these profiles, in their order, and before which event they
    /// are all.
    private func candidates(
        _ profiles: MembershipSet, from first: Position, before start: Position,
        _ reader: any ProjectedState
    ) throws -> (changes: [Change], end: Position) {
        var changes: [Change] = []
        var end = start
        func cut() {
            changes.sort(by: Change.isBefore)
            guard changes.count > earlierChangeCountMax else { return }
            end = changes[earlierChangeCountMax - 1].position.advanced(by: 1)
            changes.removeSubrange(
                changes.partitioningIndex { $0.position >= end }..<changes.count)
        }
        try reader.fieldChanges(of: profiles.ordinals, from: first, before: start) {
            profile, position in
            guard position < end else { return }
            changes.append(Change(position: position, profile: profile.rawValue))
            if changes.count >= 2 * earlierChangeCountMax { cut() }
        }
        cut()
        return (changes, end)
    }

    /// Those of profiles who were members just before.
    private func ofMembers(_ changes: [Change], before end: Position) throws -> [Change] {
        var members = MembershipSet()
        var kept: [Change] = []
        var rest = changes[...]
        func take(before position: Position) {
            while let change = rest.first, change.position < position {
                if let profile = change.profile, members.contains(ProfileOrdinal(profile)) {
                    kept.append(change)
                }
                rest.removeFirst()
            }
        }
        try forEachEvent(before: end) { position, event, ordinals in
            take(before: position.advanced(by: 1))
            switch event.kind {
            case .profilesAdded: members.insert(ordinals)
            case .profilesRemoved: members.remove(ordinals)
            case .segmentCleared, .segmentDeleted: members.removeAll()
            default: break
            }
        }
        take(before: end)
        return kept
    }

    /// Those after which a field that the rows follow is another, and the numbers of such names.
    private func differing(
        _ changes: [Change], _ reader: any ProjectedState
    ) throws -> [(change: Change, names: Set<UInt32>)] {
        var found: [(change: Change, names: Set<UInt32>)] = []
        for start in stride(from: 0, to: changes.count, by: 1024) {
            let part = changes[start..<min(start + 1024, changes.count)]
            let values = try values(
                part.flatMap { change in
                    let profile = ProfileOrdinal(change.profile!)
                    // A member was named before.
                    return [
                        FieldRequest(profile: profile, asOf: change.position.predecessor!),
                        FieldRequest(profile: profile, asOf: change.position),
                    ]
                }, reader)
            for (index, change) in part.enumerated() {
                let names = values[2 * index].names(unlike: values[2 * index + 1])
                if !names.isEmpty { found.append((change, names)) }
            }
        }
        return found
    }

    /// One for each event. Precondition: they stand in their order.
    private func rowChanges(
        _ changes: [(change: Change, names: Set<UInt32>)]
    ) throws -> [RowChange] {
        var found: [RowChange] = []
        var rest = changes[...]
        var known: Frame?
        while let position = rest.first?.change.position {
            let event = rest.prefix { $0.change.position == position }
            rest = rest[event.endIndex...]
            let names = event.reduce(into: Set()) { $0.formUnion($1.names) }
            if known.map({ $0.endPosition <= position }) ?? true {
                known = try ledger.frame(containing: position)
            }
            guard let frame = known else { break }
            let own = frame.events[Int(position.rawValue - frame.firstPosition.rawValue)]
            found.append(
                RowChange(
                    position: position, time: own.time, recordedAt: own.recordedAt,
                    names: names.sorted(), profiles: event.compactMap(\.change.profile)))
        }
        return found
    }
}

extension Array {
    /// The first index whose element the predicate holds for, or the end; it holds for all behind.
    fileprivate func partitioningIndex(_ isBehind: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
