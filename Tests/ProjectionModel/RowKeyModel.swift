package import Projection
package import SegmentModel

/// The row keys that several profiles may have, kept by the values themselves.
package struct RowKeyModel: Sendable {
    package struct Setting: Sendable {
        package var names: [ExactText] = []
        package var isWhole = false
        package var since: [ExactText: Position] = [:]
    }

    package private(set) var settings: [String: Setting] = [:]
    package private(set) var holders: [RowKey: Set<UInt32>] = [:]
    package private(set) var namesEver: Set<[ExactText]> = []
    private let fieldName: @Sendable (UInt32) -> String

    init(fieldName: @escaping @Sendable (UInt32) -> String) { self.fieldName = fieldName }

    package typealias Versions = [UInt32: [(position: Position, fields: [UInt32: FieldValue])]]

    /// The key of a profile with these fields.
    package func key(_ names: [ExactText], _ fields: [UInt32: FieldValue]) -> RowKey? {
        RowKey(
            names: names,
            values: names.map { name in
                fields.first { name == ExactText(fieldName($0.key)) }?.value
            })
    }

    private mutating func add(_ ordinal: UInt32, _ key: RowKey?) {
        if let key { holders[key, default: []].insert(ordinal) }
    }

    /// Takes in an event whose fields `versions` has.
    mutating func apply(_ event: ModelEvent, _ versions: Versions) {
        for names in Set(settings.values.map(\.names)) where !names.isEmpty {
            for change in event.changes {
                let changed = change.fields.map { ExactText(fieldName($0.name)) }
                guard changed.contains(where: names.contains) else { continue }
                add(change.ordinal, key(names, versions[change.ordinal]!.last!.fields))
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
                for one in all { add(ordinal, key(setting.names, one.fields)) }
            } else if !isSame, let last = all.last {
                add(ordinal, key(setting.names, last.fields))
            }
        }
    }

    mutating func remove(_ name: String) { settings[name] = nil }
}
