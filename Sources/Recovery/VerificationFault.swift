package import SegmentModel

/// Something that is wrong in the files of a data directory.
package struct VerificationFault: Hashable, Sendable {
    package var code: Failure.Code = .ledgerCorrupt
    package var path: String
    /// The first byte that is wrong; nil: the file as a whole.
    package var offset: Int?
    /// The events that cannot be read, or not be trusted, for it; nil: none.
    package var firstPosition: Position?
    /// Nil beside a first position: nobody knows how many they are.
    package var lastPosition: Position?
    /// A sentence without a full stop; no value of a profile (INV-10).
    package var what: String
    /// What to do.
    package var hint: String

    package init(
        code: Failure.Code = .ledgerCorrupt, path: String, offset: Int? = nil,
        firstPosition: Position? = nil, lastPosition: Position? = nil, what: String,
        hint: String = ""
    ) {
        self.code = code
        self.path = path
        self.offset = offset
        self.firstPosition = firstPosition
        self.lastPosition = lastPosition
        self.what = what
        self.hint = hint
    }

    /// As people read it.
    package var sentence: String {
        var place = offset.map { "at byte \($0)" } ?? ""
        if let firstPosition {
            let positions =
                switch lastPosition {
                case nil: "positions from \(firstPosition) on"
                case firstPosition: "position \(firstPosition)"
                case .some(let last): "positions \(firstPosition) to \(last)"
                }
            place += place.isEmpty ? positions : " (\(positions))"
        }
        return "\(path): " + (place.isEmpty ? what : "\(place): \(what)")
    }
}
