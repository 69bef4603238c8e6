import FrameCodec
import SegmentModel
import StorageTesting
import Testing

@testable import Ledger

/// What a `LedgerDictionary` has to know, held in the standard library's collections.
struct DictionaryModel {
    typealias Profile = (id: String, fields: [(name: String, value: FieldValue)])

    /// What one event has to leave in its frame.
    struct Expected {
        var newIDs: [String] = []
        var ordinals: [UInt32] = []
        /// Fields that change, by ordinal.
        var changes: [UInt32: [String: FieldValue]] = [:]
    }

    var ids: [String] = []
    var ordinals: [String: UInt32] = [:]
    var fields: [[String: FieldValue]] = []
    var eventIDs: Set<String> = []

    mutating func take(_ profiles: [Profile]) -> Expected {
        var expected = Expected()
        var given: [UInt32: [String: FieldValue]] = [:]
        for profile in profiles {
            let ordinal = ordinals[profile.id] ?? UInt32(ids.count)
            if ordinals[profile.id] == nil {
                ordinals[profile.id] = ordinal
                ids.append(profile.id)
                fields.append([:])
                expected.newIDs.append(profile.id)
            }
            for field in profile.fields { given[ordinal, default: [:]][field.name] = field.value }
            given[ordinal, default: [:]].merge([:]) { old, _ in old }
        }
        expected.ordinals = given.keys.sorted()
        for (ordinal, values) in given {
            let changed = values.filter { name, value in
                (fields[Int(ordinal)][name] ?? .null) != value
            }
            for (name, value) in changed {
                fields[Int(ordinal)][name] = value == .null ? nil : value
            }
            if !changed.isEmpty { expected.changes[ordinal] = changed }
        }
        return expected
    }

    /// Compares everything.
    func check(_ dictionary: borrowing LedgerDictionary, _ comment: Comment) {
        let profileCount = dictionary.profiles.count
        #expect(profileCount == ids.count, comment)
        let eventIDCount = dictionary.eventIDs.count
        #expect(eventIDCount == eventIDs.count, comment)
        for (ordinal, id) in ids.enumerated() {
            let string = dictionary.profiles.string(of: ordinal)
            let found = dictionary.find(id)
            let values = dictionary.fields(of: UInt32(ordinal))
            guard string == id, found == UInt32(ordinal), values == fields[ordinal] else {
                Issue.record("profile \(ordinal) differs: \(comment)")
                return
            }
        }
        let unknown = dictionary.find("nobody has this id")
        #expect(unknown == nil, comment)
    }
}

extension LedgerDictionary {
    func find(_ id: String) -> UInt32? {
        var id = id
        return id.withUTF8 { profiles.find(UnsafeRawBufferPointer($0)) }
    }

    func fields(of ordinal: UInt32) -> [String: FieldValue] {
        var run = FieldRun(profiles.record(of: ordinal).run)
        var fields: [String: FieldValue] = [:]
        while let entry = run.next() {
            fields[fieldNames.string(of: Int(entry.name))] = FieldValue(
                kind: FieldKind(rawValue: entry.kind)!, bytes: entry.value)
        }
        return fields
    }

    /// Takes batches and returns their frame.
    mutating func frame(_ batches: EventBatch..., at position: Position = Position(0)) -> Frame {
        var builder = FrameBuilder(
            position: position, now: Timestamp(rawValue: 1), dictionary: &self)
        for batch in batches {
            for index in batch.events.indices { _ = builder.add(batch, index, &self) }
        }
        return builder.frame
    }
}

extension SeededGenerator {
    /// An id of 1 to 256 bytes; few are long, many are prefixes of others.
    mutating func id(_ number: Int) -> String {
        let text = "p\(number)"
        return switch number % 5 {
        case 0: text
        case 1: String(text.prefix(1 + number % 3)) + String(repeating: "x", count: number % 40)
        case 2: String(repeating: text, count: 40).prefix(1 + number % 256).description
        case 3: text + "-0123456789abcdef"
        default: String(number)
        }
    }

    mutating func value() -> FieldValue {
        switch below(8) {
        case 0: .null
        case 1: .boolean(below(2) == 0)
        case 2: .number(String(below(1000)))
        case 3: .text("")
        case 4: .json("[\(below(10))]")
        case 5: .text(String(repeating: "y", count: below(20_000)))
        default: .text("C-\(below(50))")
        }
    }

    mutating func profiles(of idCount: Int) -> [DictionaryModel.Profile] {
        (0..<below(below(10) == 0 ? 300 : 12) + 1).map { _ in
            let number = below(idCount)
            let fields = (0..<(below(3) == 0 ? below(6) : 1)).map { _ in
                (name: "f\(below(below(5) == 0 ? 200 : 3))", value: value())
            }
            return (id: id(number), fields: fields)
        }
    }
}
