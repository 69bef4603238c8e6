internal import FrameCodec
internal import GRDB
internal import SegmentModel

/// The row keys that several profiles may have, as the writer has them: which fields make one, and
/// which profiles' keys are to be stored when the transaction ends.
///
/// Invariants:
/// - what is stored depends on the events alone: a key is that of a profile behind an event, from
///   its stored fields;
/// - between transactions nothing waits.
///
/// Not shared between threads.
final class RowKeyTable {
    /// An event changed a field of the key of a profile.
    private struct Change {
        let ordinal: UInt32
        let set: Int
        let position: Position

        /// Neighbours share pages of fields.
        static func isBefore(_ left: Change, _ right: Change) -> Bool {
            let blocks = (FieldPage.block(of: left.ordinal), FieldPage.block(of: right.ordinal))
            return blocks.0 != blocks.1 ? blocks.0 < blocks.1 : left.position < right.position
        }
    }

    /// A key came into force.
    private struct Start {
        let set: Int
        let position: Position
        /// Profiles from here on are new by then.
        let nextOrdinal: UInt32
        /// With all that the keys of profiles were before.
        let isWhole: Bool
    }

    /// The fields of keys that were met since `forget`, each by name.
    private var sets: [[ExactText]] = []
    /// Those that are in force; nil: not loaded.
    private var current: [Int]?
    /// By the number of a field's name, as far as it was asked for: keys in force that have it.
    private var setsOfField: [UInt32: [Int]] = [:]
    private var changes: [Change] = []
    private var starts: [Start] = []

    /// Bytes of memory, roughly.
    var byteCount: Int { changes.count * MemoryLayout<Change>.stride }

    func forget() {
        forgetCurrent()
        sets.removeAll()
        changes.removeAll()
        starts.removeAll()
    }

    /// The configuration changed.
    func forgetCurrent() {
        current = nil
        setsOfField.removeAll()
    }

    /// Reads which keys are in force, unless it is known.
    func load(_ database: Database) throws {
        if current != nil { return }
        let row = try RowStatement(
            database,
            """
            SELECT integration, name FROM row_field WHERE is_shared_key = 1
            ORDER BY integration, name
            """)
        defer { row.reset() }
        var keys: [[UInt8]: [ExactText]] = [:]
        while try row.next() {
            let name = ExactText(String(decoding: row.bytes(1), as: UTF8.self))
            keys[Array(row.bytes(0)), default: []].append(name)
        }
        current = Set(keys.values.map { number(of: $0.sorted()) }).sorted()
    }

    private func number(of names: [ExactText]) -> Int {
        if let known = sets.firstIndex(of: names) { return known }
        sets.append(names)
        return sets.count - 1
    }

    /// Notes whose keys an event may change, new profiles' too. Precondition: `load` was called.
    func note(
        _ event: Frame.Event, at position: Position, of frame: Frame,
        _ fieldName: (UInt32) -> String
    ) {
        guard let current, !current.isEmpty else { return }
        for record in frame.records[event.recordRange] {
            let first = changes.count
            for change in frame.changes[record.changeRange] {
                for set in sets(of: change.name, fieldName)
                where !changes[first...].contains(where: { $0.set == set }) {
                    changes.append(Change(ordinal: record.ordinal, set: set, position: position))
                }
            }
        }
    }

    private func sets(of field: UInt32, _ fieldName: (UInt32) -> String) -> [Int] {
        if let known = setsOfField[field] { return known }
        let name = ExactText(fieldName(field))
        let found = current!.filter { sets[$0].contains(name) }
        setsOfField[field] = found
        return found
    }

    /// Notes that a key of these fields, by name, is in force from an event on, before which there
    /// were the profiles up to `nextOrdinal`.
    func begin(
        _ names: [ExactText], at position: Position, nextOrdinal: UInt32, isWhole: Bool
    ) {
        starts.append(
            Start(
                set: number(of: names), position: position, nextOrdinal: nextOrdinal,
                isWhole: isWhole))
    }

    /// Stores the keys of what was noted. Precondition: all fields are stored.
    ///
    /// - Complexity: a key that comes into force costs a look at all profiles that there are.
    func store(_ database: Database, _ fieldName: (UInt32) -> String) throws {
        if changes.isEmpty, starts.isEmpty { return }
        let writer = try RowKeyWriter(database, sets)
        changes.sort(by: Change.isBefore)
        for change in changes {
            try writer.add(change.ordinal, asOf: change.position, change.set, fieldName)
        }
        for start in starts {
            if start.isWhole {
                try writer.addAll(
                    before: start.nextOrdinal, through: start.position, start.set, fieldName)
            } else {
                for ordinal in 0..<start.nextOrdinal {
                    try writer.add(ordinal, asOf: start.position, start.set, fieldName)
                }
            }
        }
        try writer.store()
        changes.removeAll(keepingCapacity: true)
        starts.removeAll()
    }
}
