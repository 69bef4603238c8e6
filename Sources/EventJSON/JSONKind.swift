/// What a JSON value is, by its first byte.
package enum JSONKind: Hashable, Sendable {
    case object, array, string, number, boolean, null

    /// With its article, for messages.
    package var name: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: "a number"
        case .boolean: "a boolean"
        case .null: "null"
        }
    }
}
