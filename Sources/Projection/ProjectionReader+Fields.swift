package import SegmentModel

extension ProjectionReader {
    /// Calls `body` with each field of each request: the request's index, the field name's number,
    /// kind and bytes. Requests in any order, all fields of one together, by name number; a profile
    /// without fields gives no call. The bytes are valid during the call.
    package func readFields(
        _ requests: [FieldRequest],
        _ body: (Int, UInt32, FieldKind, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var reader = try FieldReader(database)
        for place in Self.order(requests) {
            try reader.read(place.profile, asOf: place.position) {
                try body(place.index, $0, $1, $2)
            }
        }
    }

    private struct Place {
        let profile: UInt32
        let position: UInt64
        let index: Int
    }

    /// Neighbours share pages.
    private static func order(_ requests: [FieldRequest]) -> [Place] {
        var places: [Place] = []
        places.reserveCapacity(requests.count)
        var isOrdered = true
        for (index, request) in requests.enumerated() {
            let place = Place(
                profile: request.profile.rawValue, position: request.asOf.rawValue, index: index)
            if let last = places.last, isBefore(place, last) { isOrdered = false }
            places.append(place)
        }
        if !isOrdered { places.sort(by: isBefore) }
        return places
    }

    private static func isBefore(_ left: Place, _ right: Place) -> Bool {
        let (block, other) = (FieldPage.block(of: left.profile), FieldPage.block(of: right.profile))
        return block != other ? block < other : left.position < right.position
    }

    /// The fields of a profile after a position (nil: the newest), by name number.
    package func fields(
        of profile: ProfileOrdinal, asOf position: Position? = nil
    ) throws -> [(name: UInt32, value: FieldValue)] {
        var fields: [(name: UInt32, value: FieldValue)] = []
        var reader = try FieldReader(database)
        try reader.read(profile.rawValue, asOf: position?.rawValue ?? .max) { name, kind, bytes in
            fields.append((name: name, value: FieldValue(kind: kind, bytes: bytes)))
        }
        return fields
    }

    /// Positions at which the profile's fields changed, ascending.
    package func fieldChangePositions(of profile: ProfileOrdinal) throws -> [Position] {
        var reader = try FieldReader(database)
        return try reader.changePositions(of: profile.rawValue)
    }

    /// Calls `body` with each record of fields of the profiles, which ascend, from one position up
    /// to another one: a block of profiles after the other, each in ledger order.
    ///
    /// Complexity: grows with the pages of those positions.
    package func fieldChanges(
        of profiles: [UInt32], from start: Position, before end: Position,
        _ body: (ProfileOrdinal, Position) throws -> Void
    ) throws {
        var reader = try FieldReader(database)
        var rest = profiles[...]
        while let first = rest.first {
            let block = FieldPage.block(of: first)
            let neighbours = rest.prefix { FieldPage.block(of: $0) == block }
            rest = rest[neighbours.endIndex...]
            try reader.changes(
                of: neighbours, from: start.rawValue, before: end.rawValue
            ) { try body(ProfileOrdinal($0), Position($1)) }
        }
    }

    /// The same of many profiles: neighbours, one after the other, share the look into the file.
    package func fieldChangePositions(
        of profiles: [ProfileOrdinal], _ body: (ProfileOrdinal, [Position]) throws -> Void
    ) throws {
        var reader = try FieldReader(database)
        for profile in profiles {
            try body(profile, try reader.changePositions(of: profile.rawValue))
        }
    }
}
