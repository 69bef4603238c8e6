/// Who entered and who left between two moments, each sorted by the bytes of the id.
package struct MemberDifference: Hashable, Sendable {
    package var added: [String]
    package var removed: [String]
}
