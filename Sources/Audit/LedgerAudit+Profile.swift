internal import FrameCodec
internal import Ledger
package import SegmentModel

extension LedgerAudit {
    /// What happened to a profile up to a moment (nil: now), and how it stood then.
    ///
    /// - Throws: `notFound` for a profile that the ledger has never seen, or a position beyond its
    ///   end.
    /// - Complexity: reads every frame up to the moment.
    package func history(ofProfile id: String, at moment: Moment? = nil) throws -> ProfileHistory {
        guard let ordinal = ledger.ordinal(of: id) else {
            throw Failure(
                .notFound, "the ledger has never seen this profile",
                hint: "profile ids are compared byte by byte: check case and spaces")
        }
        var fold = ProfileFold(ordinal.rawValue)
        if let last = try lastPosition(at: moment) {
            try readFrames(through: last) { frame in
                for index in frame.eventIndexes(after: nil, through: last) {
                    fold.add(frame, index, ledger.fieldName)
                }
                return true
            }
        }
        return fold.history(id)
    }
}

/// One profile's state while frames go by.
private struct ProfileFold {
    private let ordinal: UInt32
    private var entries: [ProfileHistory.Entry] = []
    private var segments: Set<SegmentID> = []
    private var fields: [ExactText: FieldValue] = [:]

    init(_ ordinal: UInt32) { self.ordinal = ordinal }

    mutating func add(_ frame: Frame, _ index: Int, _ fieldName: (UInt32) -> String) {
        let event = frame.events[index]
        var changes: [ProfileHistory.Field] = []
        switch event.kind {
        case .profilesAdded, .profilesRemoved, .profilesUpdated:
            guard names(event, frame) else { return }
            if event.kind == .profilesAdded { segments.insert(event.segment) }
            if event.kind == .profilesRemoved { segments.remove(event.segment) }
            changes = self.changes(event, frame, fieldName)
        case .segmentCleared, .segmentDeleted:
            guard segments.remove(event.segment) != nil else { return }
        default:
            return
        }
        for change in changes {
            fields[change.name] = change.value == .null ? nil : change.value
        }
        entries.append(
            ProfileHistory.Entry(
                position: frame.firstPosition.advanced(by: index), time: event.time,
                ownTime: event.ownTime, kind: event.kind,
                segment: event.kind.hasSegment ? event.segment : nil,
                eventID: frame.string(event.eventID), changes: changes))
    }

    /// Whether the event names the profile: its ordinals are ascending.
    private func names(_ event: Frame.Event, _ frame: Frame) -> Bool {
        var range = event.ordinalRange
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            if frame.ordinals[middle] == ordinal { return true }
            range =
                frame.ordinals[middle] < ordinal
                ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return false
    }

    private func changes(
        _ event: Frame.Event, _ frame: Frame, _ fieldName: (UInt32) -> String
    ) -> [ProfileHistory.Field] {
        let record = frame.records[event.recordRange].first { $0.ordinal == ordinal }
        guard let record else { return [] }
        return frame.changes[record.changeRange].map {
            ProfileHistory.Field(
                name: fieldName($0.name),
                value: FieldValue(kind: $0.kind, bytes: frame.bytes[$0.value.range]))
        }
    }

    func history(_ id: String) -> ProfileHistory {
        ProfileHistory(
            id: id, entries: entries, segments: segments.sorted(),
            fields: fields.map { ProfileHistory.Field(name: $0.key.text, value: $0.value) }
                .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
    }
}
