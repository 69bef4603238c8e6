/// How much work a transaction takes, and how much memory the writer keeps. What is stored does not
/// depend on any of it (INV-5).
struct FoldLimits: Sendable {
    /// Changes and events after which a transaction commits: one or two seconds of catching up.
    var changeCount = 8 << 20
    var eventCount = 2 << 20
    /// Bytes in memory at which it commits early.
    var workByteCount = 288 << 20
    /// Bytes of members and of profile fields kept for the next transaction.
    var keptMemberByteCount = 224 << 20
    var keptFieldByteCount = 16 << 20
    /// Bytes of the write-ahead log beyond which the writer waits for its readers.
    var logByteCount = 64 << 20
}
