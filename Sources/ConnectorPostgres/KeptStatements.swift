internal import CLibPQ
internal import SQLTemplate

/// The prepared statements of one session, by the shape of their queries.
///
/// Invariants:
/// - a name is used once, and no other session has it: behind a connection pooler a session may
///   meet what another one has prepared, and must not run that;
/// - at most `countMax` are kept, the least recently used goes first.
struct KeptStatements {
    struct Statement {
        let shape: BoundShape
        let name: String
        /// What the server took the parameters of the shape's single row to be.
        var parameterTypes: [Oid]
        fileprivate var lastUse = 0
    }

    static let countMax = 16
    /// Shapes that were met once are remembered, so that only those that come again are prepared.
    private static let metCountMax = 64

    private let prefix: String
    /// Of the cursor's move, once it is prepared. Its table is ours and does not change.
    var moveName: String?
    private var statements: [ObjectIdentifier: Statement] = [:]
    private var met: [ObjectIdentifier] = []
    private var useCount = 0
    private var nameCount = 0
    /// To be deallocated at the server.
    private(set) var left: [String] = []

    init() {
        var random = SystemRandomNumberGenerator()
        prefix = "segledger_" + String(random.next(), radix: 36) + "_"
    }

    var count: Int { statements.count }

    mutating func find(_ shape: BoundShape) -> Statement? {
        let key = ObjectIdentifier(shape)
        guard statements[key] != nil else { return nil }
        useCount += 1
        statements[key]!.lastUse = useCount
        return statements[key]
    }

    /// Whether the shape was met before.
    mutating func meet(_ shape: BoundShape) -> Bool {
        let key = ObjectIdentifier(shape)
        if met.contains(key) { return true }
        if met.count == Self.metCountMax { met.removeFirst() }
        met.append(key)
        return false
    }

    mutating func newName() -> String {
        nameCount += 1
        return prefix + String(nameCount)
    }

    mutating func keep(_ shape: BoundShape, name: String, parameterTypes: [Oid]) {
        if statements.count >= Self.countMax,
            let oldest = statements.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            left.append(oldest.value.name)
            statements[oldest.key] = nil
        }
        useCount += 1
        statements[ObjectIdentifier(shape)] = Statement(
            shape: shape, name: name, parameterTypes: parameterTypes, lastUse: useCount)
    }

    /// The server has the statement, or has it no longer: its name is not used again.
    mutating func drop(name: String) { left.append(name) }

    mutating func forget(_ shape: BoundShape) {
        if let statement = statements.removeValue(forKey: ObjectIdentifier(shape)) {
            left.append(statement.name)
        }
    }

    mutating func takeLeft() -> [String] {
        defer { left = [] }
        return left
    }
}
