/// Ordinals that go on where the ones before end: those of profiles that the ledger had not seen.
enum NewOrdinals {
    /// How many of an event's ordinals are new. They are its last ones, for they ascend.
    ///
    /// - Parameters:
    ///   - count: of the event's ordinals, at least 1.
    ///   - known: the first ordinal that no event before had.
    @inline(__always)
    static func count(_ ordinals: UnsafePointer<UInt32>, _ count: Int, known: Int) -> Int {
        let added = Int(ordinals[count - 1]) - known + 1
        return added > 0 && added <= count && Int(ordinals[count - added]) == known ? added : 0
    }
}
