/// A point of the past that a question names: a time, or the state after a position.
package enum Moment: Hashable, Sendable {
    /// The state after the last event whose ledger time is not later.
    case time(Timestamp)
    /// The state after this position.
    case position(Position)

    /// Parses RFC 3339, a date (its end, UTC) or `@POSITION`; nil if it is none of them.
    package init?(_ text: String) {
        if text.hasPrefix("@") {
            guard let number = UInt64(text.dropFirst()) else { return nil }
            self = .position(Position(number))
        } else if let time = Timestamp(rfc3339: text) ?? Timestamp(endOfDay: text) {
            self = .time(time)
        } else {
            return nil
        }
    }
}

extension Moment: CustomStringConvertible {
    package var description: String {
        switch self {
        case .time(let time): time.description
        case .position(let position): "@\(position)"
        }
    }
}
