internal import SegmentModel

/// A segment as the writer keeps it: its row of the catalogue, and those of its members' containers
/// that were needed.
///
/// Invariants:
/// - a container that is not loaded equals its stored row; if `isWhole`, it is empty and has none;
/// - `dirtyKeys` names the containers that are dirty, each once, and `isDirty` is set.
struct SegmentState: ~Copyable {
    /// Bytes of memory of a state without containers, roughly.
    static let ownByteCount = 320

    let id: SegmentID
    /// From 0, in the order in which the ledger first spoke of segments.
    let number: Int64
    let firstPosition: Position
    let createdAt: Timestamp
    var lastPosition: Position
    var updatedAt: Timestamp
    var deletedPosition: Position?
    var memberCount = 0
    /// What descriptions said since it was last stored.
    var description = SegmentDescription()
    var isDirty = false
    var isWhole: Bool
    /// Everything stored of its members is void.
    var isVoid = false
    var dirtyKeys: [UInt16] = []
    /// The transaction that last used it.
    var lastUse: UInt32 = 0
    /// By key.
    private(set) var containers = UnsafeMutableBufferPointer<MemberContainer>(start: nil, count: 0)

    /// A segment that an event speaks of for the first time.
    init(id: SegmentID, number: Int64, position: Position, time: Timestamp) {
        self.id = id
        self.number = number
        firstPosition = position
        lastPosition = position
        createdAt = time
        updatedAt = time
        isWhole = true
    }

    /// Reads the row that `SegmentStatements.loadSegment` found.
    init(id: SegmentID, row: RowStatement) {
        self.id = id
        number = row.number(0)
        firstPosition = Position(UInt64(bitPattern: row.number(1)))
        lastPosition = Position(UInt64(bitPattern: row.number(2)))
        createdAt = Timestamp(rawValue: row.number(3))
        updatedAt = Timestamp(rawValue: row.number(4))
        deletedPosition = row.optionalNumber(5).map { Position(UInt64(bitPattern: $0)) }
        memberCount = Int(row.number(6))
        isWhole = memberCount == 0
    }

    deinit {
        containers.deinitialize()
        containers.deallocate()
    }

    /// Bytes of memory, with the containers.
    var byteCount: Int {
        var sum = Self.ownByteCount + containers.count * MemoryLayout<MemberContainer>.stride
        for index in containers.indices { sum += containers[index].byteCount }
        return sum
    }

    /// Makes room for the container `key`; returns the bytes of memory that this took.
    mutating func reserve(_ key: Int) -> Int {
        if key < containers.count { return 0 }
        let count = min(max(key + 1, containers.count + containers.count / 2), 1 << 16)
        let larger = UnsafeMutableBufferPointer<MemberContainer>.allocate(capacity: count)
        let moved = larger.moveInitialize(fromContentsOf: containers)
        for index in moved..<count {
            larger.initializeElement(at: index, to: MemberContainer())
        }
        containers.deallocate()
        let added = (count - containers.count) * MemoryLayout<MemberContainer>.stride
        containers = larger
        return added
    }

    /// Empties it: what is stored of its members is void.
    mutating func clear() {
        removeContainers()
        memberCount = 0
        isWhole = true
        isVoid = true
    }

    /// Takes the smallest forms.
    mutating func compact() {
        for index in containers.indices { containers[index].compact() }
    }

    /// Forgets the containers that the transaction did not use. Precondition: nothing is dirty.
    mutating func evict(unusedIn transaction: UInt32) {
        precondition(!isDirty, "what is not stored cannot be forgotten")
        for index in containers.indices
        where containers[index].isLoaded && containers[index].lastUse != transaction {
            if containers[index].count > 0 { isWhole = false }
            containers[index] = MemberContainer()
        }
    }

    private mutating func removeContainers() {
        dirtyKeys.removeAll()
        containers.deinitialize()
        containers.deallocate()
        containers = UnsafeMutableBufferPointer(start: nil, count: 0)
    }
}
