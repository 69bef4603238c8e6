internal import GRDB
package import SegmentModel

extension ProjectionReader {
    /// Which fields to read: those of a profile as they stood after a position.
    package struct FieldRequest: Hashable, Sendable {
        package var profile: ProfileOrdinal
        package var asOf: Position

        package init(profile: ProfileOrdinal, asOf: Position) {
            self.profile = profile
            self.asOf = asOf
        }
    }

    /// Calls `body` with each field of each request: the request's index, the field name's number,
    /// kind and bytes. Requests in order, fields by name number; a profile without fields gives no
    /// call. The bytes are valid during the call.
    package func readFields(
        _ requests: [FieldRequest],
        _ body: (Int, UInt32, FieldKind, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        for (index, request) in requests.enumerated() {
            try withFieldBytes(of: request.profile, asOf: request.asOf) { bytes in
                try FieldSet.forEachField(of: bytes) { name, kind, value in
                    try body(index, name, kind, value)
                }
            }
        }
    }

    /// The fields of a profile after a position (nil: the newest), by name number.
    package func fields(
        of profile: ProfileOrdinal, asOf position: Position? = nil
    ) throws -> [(name: UInt32, value: FieldValue)] {
        var fields: [(name: UInt32, value: FieldValue)] = []
        try withFieldBytes(of: profile, asOf: position) { bytes in
            try FieldSet.forEachField(of: bytes) { name, kind, value in
                fields.append((name: name, value: FieldValue(kind: kind, bytes: value)))
            }
        }
        return fields
    }

    /// Positions at which the profile's fields changed, ascending.
    package func fieldChangePositions(of profile: ProfileOrdinal) throws -> [Position] {
        try rows(
            "SELECT position FROM profile_fields WHERE ordinal = ? ORDER BY position",
            [Int64(profile.rawValue)]
        ).map { position($0[0]) }
    }

    /// Calls `body` with the encoded set of fields; not at all if there is none.
    func withFieldBytes(
        of profile: ProfileOrdinal, asOf position: Position?,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let statement = try database.cachedStatement(
            sql: """
                SELECT fields FROM profile_fields WHERE ordinal = ? AND position <= ?
                ORDER BY position DESC LIMIT 1
                """)
        let newest = position.map { Int64(clamping: $0.rawValue) } ?? Int64.max
        let rows = try Row.fetchCursor(
            statement, arguments: [Int64(profile.rawValue), newest])
        guard let row = try rows.next() else { return }
        try row.withBlob(atIndex: 0, body)
    }
}
