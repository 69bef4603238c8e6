/// Finding bytes in bytes.
enum ByteSearch {
    /// Where `part` begins in `whole`, at or behind `start`; nil if it is not there.
    static func first(
        _ part: ArraySlice<UInt8>, in whole: ArraySlice<UInt8>, from start: Int? = nil
    ) -> Int? {
        var index = start ?? whole.startIndex
        while index + part.count <= whole.endIndex {
            if whole[index..<index + part.count] == part { return index }
            index += 1
        }
        return nil
    }
}
