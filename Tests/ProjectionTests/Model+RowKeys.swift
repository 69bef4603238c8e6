import Projection
import SegmentModel
import Testing

/// The row keys that several profiles may have, kept by the values themselves.
struct RowKeyModel {
    private struct Setting {
        var names: [ExactText] = []
        var isWhole = false
        var since: [ExactText: Position] = [:]
    }

    private var settings: [String: Setting] = [:]
    private var holders: [RowKey: Set<UInt32>] = [:]
    private var namesEver: Set<[ExactText]> = []

    typealias Versions = [UInt32: [(position: Position, fields: [UInt32: FieldValue])]]

    /// The key of a profile with these fields.
    private static func key(_ names: [ExactText], _ fields: [UInt32: FieldValue]) -> RowKey? {
        RowKey(
            names: names,
            values: names.map { name in
                fields[UInt32(Script.fieldNames.firstIndex { name == ExactText($0) }!)]
            })
    }

    private mutating func add(_ ordinal: UInt32, _ key: RowKey?) {
        if let key { holders[key, default: []].insert(ordinal) }
    }

    /// Takes in an event whose fields `versions` has.
    mutating func apply(_ event: Script.Event, _ versions: Versions) {
        for names in Set(settings.values.map(\.names)) where !names.isEmpty {
            for change in event.changes {
                let changed = change.fields.map { ExactText(Script.fieldName($0.name)) }
                guard changed.contains(where: names.contains) else { continue }
                add(change.ordinal, Self.key(names, versions[change.ordinal]!.last!.fields))
            }
        }
    }

    mutating func set(
        _ name: String, _ fields: RowFields, at position: Position, isNew: Bool,
        _ versions: Versions
    ) {
        let old = settings[name] ?? Setting()
        var setting = Setting(names: fields.hasSharedKey ? Set(fields.key).sorted() : [])
        namesEver.insert(setting.names)
        let isSame = old.names == setting.names
        setting.isWhole = fields.startsAtBeginning || (isSame ? old.isWhole : !isNew)
        for field in fields.all { setting.since[field] = old.since[field] ?? position }
        settings[name] = setting
        for (ordinal, all) in versions where !setting.names.isEmpty {
            if setting.isWhole {
                for one in all { add(ordinal, Self.key(setting.names, one.fields)) }
            } else if !isSame, let last = all.last {
                add(ordinal, Self.key(setting.names, last.fields))
            }
        }
    }

    mutating func remove(_ name: String) { settings[name] = nil }

    func expectEqual(_ reader: ProjectionReader, _ versions: Versions) throws {
        for names in namesEver where !names.isEmpty {
            let keys = versions.values.joined().compactMap { Self.key(names, $0.fields) }
            for key in Set(keys) {
                let found = try reader.profiles(withRowKey: key)
                #expect(found == (holders[key] ?? []).sorted(), "\(key)")
            }
        }
        let shared = holders.values.filter { $0.count > 1 }.reduce(into: Set()) {
            $0.formUnion($1)
        }
        #expect(try reader.profilesSharingRowKeys(among: versions.keys.sorted()) == shared)
        for (name, setting) in settings {
            #expect(try reader.rowFieldsStart(of: name) == setting.since.values.max())
        }
    }
}
