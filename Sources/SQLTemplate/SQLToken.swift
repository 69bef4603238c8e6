/// A token of the SQL around the tags.
struct SQLToken {
    enum Kind: Equatable {
        /// A keyword, or a name without quotes.
        case word
        /// What stands between the quotes of a name.
        case name
        case string
        case symbol(UInt8)
        /// A tag that writes a value.
        case value
    }

    let kind: Kind
    /// Among the literals; of a tag, an empty range where it stands.
    let range: Range<Int>
}
