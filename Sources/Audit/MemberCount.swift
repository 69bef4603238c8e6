/// How many members, and the lower-case hex SHA-256 of their sorted ids joined by newlines.
package struct MemberCount: Hashable, Sendable {
    package var count: Int
    package var sha256: String
}
