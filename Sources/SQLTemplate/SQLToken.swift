/// A token of the SQL around the tags.
struct SQLToken {
    enum Kind: Equatable {
        /// A keyword, or a name without quotes.
        case word
        /// What stands between the quotes of a name.
        case name
        case string
        case symbol(UInt8)
        /// A tag that writes a value outside of quotes; whether it is `{segment_id}`.
        case value(isSegment: Bool)
    }

    let kind: Kind
    /// Among the literals; of a tag, an empty range where it stands.
    let range: Range<Int>
}
