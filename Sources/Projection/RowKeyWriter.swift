internal import GRDB
internal import SegmentModel

/// Reads row keys of profiles from their fields and stores them, some hundred thousand at a time.
final class RowKeyWriter {
    /// Keys in memory at most; stored by hash, so that neighbours in the table come together.
    private static let keyCountMax = 1 << 18

    private let sets: [[ExactText]]
    private var reader: FieldReader
    private let insert: RowStatement
    private let holders: RowStatement
    private let share: RowStatement
    private let database: Database
    private var found: [(hash: Int64, ordinal: UInt32)] = []
    /// By the key and the number of a field's name: its place in the key; -1: none.
    private var places: [[UInt32: Int]]
    /// Of the profile at hand, by place: kind, and where in `bytes` the value stands.
    private var values: [(kind: FieldKind, bytes: Range<Int>)?] = []
    private var bytes: [UInt8] = []
    private var encoding = RowKeyEncoding()

    init(_ database: Database, _ sets: [[ExactText]]) throws {
        self.database = database
        self.sets = sets
        places = Array(repeating: [:], count: sets.count)
        reader = try FieldReader(database)
        insert = try RowStatement(
            database, "INSERT OR IGNORE INTO row_key (hash, ordinal) VALUES (?, ?)")
        holders = try RowStatement(
            database, "SELECT ordinal FROM row_key WHERE hash = ? LIMIT 2")
        share = try RowStatement(
            database, "INSERT OR IGNORE INTO shared_row_key (ordinal) VALUES (?)")
    }

    /// The key that a profile had behind an event, if it had one.
    func add(
        _ ordinal: UInt32, asOf position: Position, _ set: Int, _ fieldName: (UInt32) -> String
    ) throws {
        let names = sets[set]
        values.removeAll(keepingCapacity: true)
        values.append(contentsOf: repeatElement(nil, count: names.count))
        bytes.removeAll(keepingCapacity: true)
        var isEmpty = true
        try reader.read(ordinal, asOf: position.rawValue) { name, kind, value in
            let place = self.place(of: name, in: set, fieldName)
            guard place >= 0 else { return }
            values[place] = (kind, bytes.count..<bytes.count + value.count)
            bytes.append(contentsOf: value)
            isEmpty = false
        }
        if isEmpty { return }
        encoding.removeAll()
        bytes.withUnsafeBytes { bytes in
            for (name, value) in zip(names, values) {
                encoding.append(name)
                if let value {
                    encoding.append(
                        value.kind, UnsafeRawBufferPointer(rebasing: bytes[value.bytes]))
                } else {
                    encoding.appendMissing()
                }
            }
        }
        found.append((encoding.hash, ordinal))
        if found.count == Self.keyCountMax { try store() }
    }

    /// Every key that the profiles before `end` had up to an event.
    func addAll(
        before end: UInt32, through last: Position, _ set: Int, _ fieldName: (UInt32) -> String
    ) throws {
        var changes: [(ordinal: UInt32, position: UInt64)] = []
        let blockLength = FieldPage.profileCount
        for first in stride(from: 0, to: Int(end), by: blockLength) {
            let neighbours = (first..<min(first + blockLength, Int(end))).map { UInt32($0) }
            changes.removeAll(keepingCapacity: true)
            try reader.changes(of: neighbours[...], from: 0, before: last.rawValue) {
                changes.append(($0, $1))
            }
            for change in changes {
                let position = Position(change.position)
                try add(change.ordinal, asOf: position, set, fieldName)
            }
        }
    }

    private func place(
        of field: UInt32, in set: Int, _ fieldName: (UInt32) -> String
    ) -> Int {
        if let known = places[set][field] { return known }
        let place = sets[set].firstIndex(of: ExactText(fieldName(field))) ?? -1
        places[set][field] = place
        return place
    }

    /// Stores what was found so far.
    func store() throws {
        found.sort { $0 < $1 }
        for (hash, ordinal) in found {
            insert.bind(0, hash)
            insert.bind(1, Int64(ordinal))
            try insert.run()
            if database.changesCount > 0 { try noteHolders(of: hash, new: ordinal) }
        }
        found.removeAll(keepingCapacity: true)
    }

    /// Of three and more the first two are known to share.
    private func noteHolders(of hash: Int64, new ordinal: UInt32) throws {
        holders.bind(0, hash)
        var others: [Int64] = []
        while try holders.next() { others.append(holders.number(0)) }
        holders.reset()
        guard others.count > 1 else { return }
        for one in others + [Int64(ordinal)] {
            share.bind(0, one)
            try share.run()
        }
    }
}
