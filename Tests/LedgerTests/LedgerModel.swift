import FrameCodec
import Ledger
import SegmentModel

/// What a ledger must return for the batches that it has taken: computed here, from what was
/// submitted alone. Feed it the batches in the order in which the ledger takes them.
struct LedgerModel {
    private var eventIDs: Set<String> = []
    private var fields: [String: [String: FieldValue]] = [:]
    private var lastTime = Timestamp(rawValue: 0)

    /// One text an event; repeats are left out.
    mutating func lines(_ batch: EventBatch) -> [String] {
        batch.events.compactMap { line($0, batch) }
    }

    private mutating func line(_ event: EventBatch.Event, _ batch: EventBatch) -> String? {
        let eventID = batch.string(event.eventID)
        if !eventID.isEmpty, !eventIDs.insert(eventID).inserted { return nil }
        if !event.kind.isSystem { lastTime = max(lastTime, event.ownTime!) }
        let first = Int(event.firstProfile)
        let profiles = batch.profiles[first..<first + Int(event.profileCount)]
        var ids: [String] = []
        var changes: [String] = []
        for profile in profiles {
            let id = batch.string(profile.id)
            ids.append(id)
            let firstField = Int(profile.firstField)
            for field in batch.fields[firstField..<firstField + Int(profile.fieldCount)] {
                let name = batch.string(field.name)
                let value = FieldValue(kind: field.kind, bytes: batch.bytes[field.value.range])
                if (fields[id]?[name] ?? .null) == value { continue }
                fields[id, default: [:]][name] = value == .null ? nil : value
                changes.append("\(id).\(name)=\(value)")
            }
        }
        return eventLine(
            event.kind, event.segment, event.kind.isSystem ? nil : lastTime, eventID: eventID,
            body: batch.string(event.body), ids: ids, changes: changes)
    }
}

private func eventLine(
    _ kind: EventKind, _ segment: SegmentID, _ time: Timestamp?, eventID: String, body: String,
    ids: [String], changes: [String]
) -> String {
    let moment = time.map { "\($0)" } ?? "-"
    return "\(kind) \(segment) \(moment) \(eventID) \(body) \(ids.sorted()) \(changes.sorted())"
}

/// Every event of a ledger, in the words of `LedgerModel.lines`; checks that positions have no gap.
func lines(_ ledger: FileLedger) throws -> [String] {
    var lines: [String] = []
    while let frame = try ledger.frame(containing: Position(UInt64(lines.count))) {
        let skipped = lines.count - Int(frame.firstPosition.rawValue)
        guard (0..<frame.events.count).contains(skipped) else {
            throw Failure(
                .ledgerCorrupt, "asked for event \(lines.count), got \(frame.firstPosition)")
        }
        for event in frame.events.dropFirst(skipped) {
            lines.append(line(event, frame, ledger))
        }
    }
    guard ledger.end == Position(UInt64(lines.count)) else {
        throw Failure(.ledgerCorrupt, "\(lines.count) events, but the end is \(ledger.end)")
    }
    return lines
}

private func line(_ event: Frame.Event, _ frame: Frame, _ ledger: FileLedger) -> String {
    var changes: [String] = []
    for record in frame.records[event.recordRange] {
        let id = ledger.profileID(of: ProfileOrdinal(record.ordinal))
        for change in frame.changes[record.changeRange] {
            let value = FieldValue(kind: change.kind, bytes: frame.bytes[change.value.range])
            changes.append("\(id).\(ledger.fieldName(change.name))=\(value)")
        }
    }
    return eventLine(
        event.kind, event.segment, event.kind.isSystem ? nil : event.time,
        eventID: frame.string(event.eventID), body: frame.string(event.body),
        ids: frame.ordinals[event.ordinalRange].map {
            ledger.profileID(of: ProfileOrdinal($0))
        }, changes: changes)
}
