internal import SegmentModel

/// How much work a transaction takes, and how much memory the writer keeps. What is stored does not
/// depend on any of it (INV-5). The defaults are the documented limits; tests take small ones.
struct FoldLimits: Sendable {
    /// Changes and events after which a transaction commits: one or two seconds of catching up.
    var changeCount = Limits.projectionChangeCountTarget
    var eventCount = Limits.projectionEventCountTarget
    /// Bytes in memory at which it commits early; passed by what one event takes at most.
    var workByteCount = Limits.projectionWorkByteCountTarget
    /// Bytes of members and of profile fields kept for the next transaction.
    var keptMemberByteCount = Limits.projectionMemberByteCountMax
    var keptFieldByteCount = Limits.projectionFieldByteCountMax
    /// Bytes of the write-ahead log beyond which the writer waits for its readers.
    var logByteCount = Limits.projectionLogByteCountTarget
}
