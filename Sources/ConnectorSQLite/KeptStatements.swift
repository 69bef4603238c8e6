internal import GRDBSQLite
internal import SQLTemplate

/// The compiled statements of one connection: Segledger's own by their text, and at most `countMax`
/// of the operator's by their shape, of which the least recently used goes first.
///
/// SQLite compiles one anew by itself where the schema has changed. Finalized by their connection,
/// before it is closed.
struct KeptStatements {
    static let countMax = 16

    private struct Bound {
        /// Keeps the identity from being given to another.
        let shape: BoundShape
        let statement: OpaquePointer?
        var lastUse: Int
    }

    private var own: [String: OpaquePointer] = [:]
    private var bound: [ObjectIdentifier: Bound] = [:]
    private var useCount = 0

    func own(_ sql: String) -> OpaquePointer? { own[sql] }

    mutating func keep(_ statement: OpaquePointer?, own sql: String) { own[sql] = statement }

    mutating func find(_ shape: BoundShape) -> OpaquePointer? {
        let key = ObjectIdentifier(shape)
        guard let found = bound[key] else { return nil }
        useCount += 1
        bound[key]?.lastUse = useCount
        return found.statement
    }

    mutating func keep(_ statement: OpaquePointer?, for shape: BoundShape) {
        if bound.count >= Self.countMax,
            let oldest = bound.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            sqlite3_finalize(oldest.value.statement)
            bound[oldest.key] = nil
        }
        useCount += 1
        bound[ObjectIdentifier(shape)] = Bound(
            shape: shape, statement: statement, lastUse: useCount)
    }

    mutating func finalizeAll() {
        for statement in own.values { sqlite3_finalize(statement) }
        for kept in bound.values { sqlite3_finalize(kept.statement) }
        (own, bound) = ([:], [:])
    }
}
