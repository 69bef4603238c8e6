internal import FrameCodec
internal import GRDB
internal import SegmentModel

/// Which fields of profiles rows follow, as the writer has it: by the numbers of their names.
///
/// Not shared between threads.
final class RowTable {
    /// nil: not loaded.
    private var followed: Set<ExactText>?
    /// By number, as far as it was asked for: whether rows follow the field.
    private var isFollowed: [UInt32: Bool] = [:]
    /// Profiles from here on are new; nil: not known.
    var nextOrdinal: UInt32 = 0
    private var names: [UInt32] = []
    private var profiles: [UInt32] = []

    func forget() {
        followed = nil
        isFollowed.removeAll()
    }

    /// Reads what is followed, unless it is known.
    func load(_ database: Database) throws {
        if followed != nil { return }
        let row = try RowStatement(database, "SELECT DISTINCT name FROM row_field")
        defer { row.reset() }
        var names: Set<ExactText> = []
        while try row.next() {
            names.insert(ExactText(String(decoding: row.bytes(0), as: UTF8.self)))
        }
        followed = names
    }

    private func isFollowed(_ name: UInt32, _ fieldName: (UInt32) -> String) -> Bool {
        if let known = isFollowed[name] { return known }
        let isOne = followed!.contains(ExactText(fieldName(name)))
        isFollowed[name] = isOne
        return isOne
    }

    /// Calls `body` with the profiles of the event that had been named before and of whom it
    /// changes fields that rows follow, ascending, and with the numbers of those fields.
    func withChanges(
        _ event: Frame.Event, of frame: Frame, _ fieldName: (UInt32) -> String,
        _ body: (_ profiles: [UInt32], _ names: [UInt32]) throws -> Void
    ) rethrows {
        guard let followed, !followed.isEmpty else { return }
        names.removeAll(keepingCapacity: true)
        profiles.removeAll(keepingCapacity: true)
        for record in frame.records[event.recordRange] where record.ordinal < nextOrdinal {
            var isChanged = false
            for change in frame.changes[record.changeRange]
            where isFollowed(change.name, fieldName) {
                isChanged = true
                if !names.contains(change.name) { names.append(change.name) }
            }
            if isChanged { profiles.append(record.ordinal) }
        }
        guard !profiles.isEmpty else { return }
        names.sort()
        profiles.sort()
        try body(profiles, names)
    }
}
