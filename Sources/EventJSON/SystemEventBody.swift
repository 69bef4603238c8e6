package import SegmentModel

/// The JSON body of an event that Segledger itself appends, or of a segment's description.
///
/// Encoding gives equal bytes for equal values. Decoding ignores unknown keys: a later version may
/// have added some.
package protocol SystemEventBody: Sendable {
    func encode() -> String

    init(members: BodyMembers) throws(BodyFault)
}

extension SystemEventBody {
    /// - Throws: `formatUnknown` if the body is not what this version writes; without its content.
    package static func decode(_ bytes: some Collection<UInt8>) throws(Failure) -> Self {
        let document: JSONValue
        do {
            document = try JSONValue(bytes)
        } catch {
            throw unreadable("byte \(error.offset + 1): \(error.reason)")
        }
        guard let object = document.object else { throw unreadable("it is no object") }
        do {
            return try Self(members: BodyMembers(object))
        } catch {
            throw unreadable("\(error.key): \(error.rule)")
        }
    }

    private static func unreadable(_ reason: String) -> Failure {
        Failure(
            .formatUnknown, "the body of an event (\(Self.self)) cannot be read: \(reason)",
            hint: "read this ledger with the version of Segledger that wrote it, or a later one")
    }
}

/// A member of a body that is missing or wrong.
package struct BodyFault: Error, Hashable, Sendable {
    package let key: String
    package let rule: String

    package init(_ key: String, _ rule: String) {
        self.key = key
        self.rule = rule
    }
}

/// Typed access to a body's members. A null counts as absent.
package struct BodyMembers {
    private let members: [ExactText: JSONValue]

    package init(_ members: [ExactText: JSONValue]) {
        self.members = members
    }

    package func optionalString(_ key: String) throws(BodyFault) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.string else { throw BodyFault(key, "must be a string") }
        return text
    }

    package func string(_ key: String) throws(BodyFault) -> String {
        try required(key, optionalString(key))
    }

    package func optionalInteger<Number: FixedWidthInteger>(
        _ key: String, _ type: Number.Type = Number.self
    ) throws(BodyFault) -> Number? {
        guard let value = value(key) else { return nil }
        guard let number = value.integer(type) else { throw BodyFault(key, "must be an integer") }
        return number
    }

    package func integer<Number: FixedWidthInteger>(
        _ key: String, _ type: Number.Type = Number.self
    ) throws(BodyFault) -> Number {
        try required(key, optionalInteger(key, type))
    }

    package func optionalBoolean(_ key: String) throws(BodyFault) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let flag = value.boolean else { throw BodyFault(key, "must be true or false") }
        return flag
    }

    package func optionalPosition(_ key: String) throws(BodyFault) -> Position? {
        try optionalInteger(key, UInt64.self).map { Position($0) }
    }

    package func position(_ key: String) throws(BodyFault) -> Position {
        try required(key, optionalPosition(key))
    }

    package func optionalArray(_ key: String) throws(BodyFault) -> [JSONValue]? {
        guard let value = value(key) else { return nil }
        guard let values = value.array else { throw BodyFault(key, "must be an array") }
        return values
    }

    package func optionalStrings(_ key: String) throws(BodyFault) -> [String]? {
        guard let values = try optionalArray(key) else { return nil }
        let texts = values.compactMap(\.string)
        guard texts.count == values.count else {
            throw BodyFault(key, "must be an array of strings")
        }
        return texts
    }

    package func optionalSegments(_ key: String) throws(BodyFault) -> [SegmentID]? {
        guard let values = try optionalArray(key) else { return nil }
        let ids = values.compactMap { $0.integer(Int64.self).map { SegmentID($0) } }
        guard ids.count == values.count else {
            throw BodyFault(key, "must be an array of integers")
        }
        return ids
    }

    package func optionalObject(_ key: String) throws(BodyFault) -> BodyMembers? {
        guard let value = value(key) else { return nil }
        guard let object = value.object else { throw BodyFault(key, "must be an object") }
        return BodyMembers(object)
    }

    /// The objects in an object, sorted by name; nil for a name that is null.
    package func entries(
        _ key: String
    ) throws(BodyFault) -> [(name: String, members: BodyMembers?)] {
        guard let object = try optionalObject(key) else { return [] }
        var entries: [(name: String, members: BodyMembers?)] = []
        for name in object.members.keys.sorted() {
            entries.append((name.text, try object.optionalObject(name.text)))
        }
        return entries
    }

    /// The keys, sorted.
    package var keys: [String] { members.keys.sorted().map(\.text) }

    package func isString(_ key: String) -> Bool { members[key]?.string != nil }

    /// A word of a fixed set.
    package func optionalWord<Word: RawRepresentable>(
        _ key: String, _ type: Word.Type = Word.self
    ) throws(BodyFault) -> Word? where Word.RawValue == String {
        guard let text = try optionalString(key) else { return nil }
        guard let word = Word(rawValue: text) else {
            throw BodyFault(key, "is a word that this version does not know")
        }
        return word
    }

    package func word<Word: RawRepresentable>(
        _ key: String, _ type: Word.Type = Word.self
    ) throws(BodyFault) -> Word where Word.RawValue == String {
        try required(key, optionalWord(key, type))
    }

    package func required<Value>(_ key: String, _ value: Value?) throws(BodyFault) -> Value {
        guard let value else { throw BodyFault(key, "is missing") }
        return value
    }

    private func value(_ key: String) -> JSONValue? {
        let value = members[key]
        return value == .null ? nil : value
    }
}
