/// What a query knows beside its profiles.
enum ScopeName: String, CaseIterable, Sendable {
    case segmentID = "segment_id"
    case segmentName = "segment_name"
    case eventTime = "event_time"
    case position
    case deliveryID = "delivery_id"
    case integrationName = "integration_name"

    var isInteger: Bool { self == .segmentID || self == .position }

    var index: Int {
        switch self {
        case .segmentID: 0
        case .segmentName: 1
        case .eventTime: 2
        case .position: 3
        case .deliveryID: 4
        case .integrationName: 5
        }
    }
}

enum Function: String, CaseIterable, Sendable {
    case `default`, upper, lower, trim, length, substring, replace, concat, number, date, json
    case first, jsonpath, md5, sha256, text

    var argumentCounts: ClosedRange<Int> {
        switch self {
        case .default: 2...2
        case .substring, .jsonpath: 2...3
        case .replace: 3...3
        case .concat: 1...64
        case .date: 1...3
        case .upper, .lower, .trim, .length, .number, .json, .first, .md5, .sha256, .text: 1...1
        }
    }
}

/// An expression whose names are resolved. At most as deep as the `Syntax` it comes from.
indirect enum Expression: Sendable {
    case constant(RenderedValue)
    case scope(ScopeName)
    /// A profile's field: of the batch loop in this frame, or of the only profile.
    case field(frame: Int?, slot: Int, path: [PathStep])
    /// The item of the loop in this frame.
    case item(frame: Int, path: [PathStep])
    /// How many turns of the loop in this frame are done.
    case index(frame: Int)
    case call(Function, [Expression])
    /// `date` with a format.
    case formatted(Expression, TimeFormat)
    /// `jsonpath`: every hit as a list, or the first.
    case selection(Expression, JSONPath, isList: Bool)
    case not(Expression)
    case all([Expression])
    case any([Expression])
    case compare(Comparison, Expression, Expression)
    case exists(Expression)

    /// Renders as digits with at most a minus sign, and always.
    var isInteger: Bool {
        switch self {
        case .scope(let name): name.isInteger
        case .index: true
        default: false
        }
    }

    /// Depends on the profile at hand, or on its place in the batch.
    var isOfRow: Bool {
        switch self {
        case .constant, .scope: false
        case .field, .item, .index: true
        case .call(_, let parts), .all(let parts), .any(let parts):
            parts.contains { $0.isOfRow }
        case .formatted(let inner, _), .selection(let inner, _, _), .not(let inner),
            .exists(let inner):
            inner.isOfRow
        case .compare(_, let left, let right): left.isOfRow || right.isOfRow
        }
    }
}
