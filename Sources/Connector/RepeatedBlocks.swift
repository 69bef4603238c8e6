/// What becomes of the rows of an INSERT that reaches a table twice, as the same statement of a
/// delivery of the same `TargetDelivery.id`.
package enum RepeatedBlocks: Hashable, Sendable {
    /// The server knows the block again and drops it: effectively once.
    case dropped
    /// Both are stored, and a merge of the table keeps one row of each sorting key: effectively
    /// once for who reads with FINAL.
    case collapsed
    /// Both are stored and stay: at least once. With the reason, and what to run about it.
    case kept(reason: String, hint: String?)
}
