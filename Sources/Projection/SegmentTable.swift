internal import GRDB
internal import SegmentModel

/// The segments that the writer has at hand, changed in memory and stored once a transaction.
///
/// Invariants:
/// - between transactions nothing is dirty, and what is loaded equals what is stored;
/// - after a transaction that failed the owner calls `forget()`, and the next one loads afresh;
/// - a segment's pointer is valid until `trim` or `forget`.
///
/// Not shared between threads.
final class SegmentTable {
    typealias Pointer = UnsafeMutablePointer<SegmentState>

    /// Bytes of memory, roughly.
    private(set) var byteCount = 0
    private var states: [SegmentID: Pointer] = [:]
    private var dirty: [Pointer] = []
    /// The one asked for last: events of a segment come in rows.
    private var recent: Pointer?
    /// The number that the next new segment gets; nil: not known yet.
    private var nextNumber: Int64?
    private var transaction: UInt32 = 0
    /// Segments that have, or had in this transaction, members whose ordinals share their upper 16
    /// bits, by these: of those that were asked for.
    private var neighbours: [UInt16: Set<SegmentID>] = [:]
    private let plentifulByteCount: Int
    private let scratch = UnsafeMutableRawBufferPointer.allocate(
        byteCount: MemberContainer.storedByteCountMax, alignment: 8)

    /// Below `plentifulByteCount` bytes of memory, speed counts more than bytes.
    init(plentifulByteCount: Int) {
        self.plentifulByteCount = plentifulByteCount
    }

    deinit {
        forget()
        scratch.deallocate()
    }

    func forget() {
        for pointer in states.values {
            byteCount -= pointer.pointee.byteCount
            Self.free(pointer)
        }
        precondition(byteCount == 0, "the bytes of the segments are counted")
        states.removeAll()
        dirty.removeAll()
        recent = nil
        nextNumber = nil
        neighbours.removeAll()
        byteCount = 0
    }

    func beginTransaction() {
        transaction &+= 1
        neighbours.removeAll(keepingCapacity: true)
    }

    // MARK: Folding

    /// Creates the segment or revives it, and notes that an event spoke of it.
    func touch(
        _ id: SegmentID, at position: Position, time: Timestamp, isDeletion: Bool,
        _ statements: SegmentStatements
    ) throws -> Pointer {
        let pointer = try find(id, position, time, statements)
        if !pointer.pointee.isDirty {
            pointer.pointee.isDirty = true
            dirty.append(pointer)
        }
        pointer.pointee.lastUse = transaction
        pointer.pointee.lastPosition = position
        pointer.pointee.updatedAt = time
        pointer.pointee.deletedPosition = isDeletion ? position : nil
        return pointer
    }

    private var arrayLimit: Int {
        byteCount < plentifulByteCount
            ? MemberContainer.quickArrayCountMax : MemberContainer.arrayCountMax
    }

    /// Precondition, here and below: the segment was touched in this transaction.
    func insert(
        _ ordinals: UnsafeBufferPointer<UInt32>, into segment: Pointer,
        _ statements: SegmentStatements
    ) throws {
        if !neighbours.isEmpty { noteNeighbours(ordinals, segment.pointee.id) }
        try forEachContainer(of: ordinals, in: segment, statements) {
            $0.insert($1, arrayLimit: arrayLimit)
        }
    }

    private func noteNeighbours(
        _ ordinals: UnsafeBufferPointer<UInt32>, _ segment: SegmentID
    ) {
        var start = 0
        while start < ordinals.count {
            let key = UInt16(ordinals[start] >> 16)
            if neighbours[key] != nil { neighbours[key]!.insert(segment) }
            start = Self.endOfContainer(ordinals, from: start)
        }
    }

    /// The segments that hold any of the profiles, which ascend, and which of them each holds;
    /// by segment.
    ///
    /// Complexity: grows with the segments that have members among the profiles' neighbours, those
    /// whose ordinals share their upper 16 bits.
    func segments(
        holding profiles: [UInt32], _ statements: SegmentStatements
    ) throws -> [(segment: SegmentID, profiles: [UInt32])] {
        var found: [SegmentID: [UInt32]] = [:]
        try profiles.withUnsafeBufferPointer { profiles in
            var start = 0
            while start < profiles.count {
                let key = Int(profiles[start] >> 16)
                let end = Self.endOfContainer(profiles, from: start)
                for segment in try segments(near: UInt16(key), statements) {
                    let pointer = try find(
                        segment, Position(0), Timestamp(rawValue: 0), statements)
                    let container = try loaded(key, of: pointer, statements)
                    for profile in profiles[start..<end]
                    where container.pointee.contains(UInt16(truncatingIfNeeded: profile)) {
                        found[segment, default: []].append(profile)
                    }
                }
                start = end
            }
        }
        return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private func segments(
        near key: UInt16, _ statements: SegmentStatements
    ) throws -> Set<SegmentID> {
        if let known = neighbours[key] { return known }
        var segments = try statements.segments(near: key)
        for pointer in dirty
        where Int(key) < pointer.pointee.containers.count
            && pointer.pointee.containers[Int(key)].count > 0
        {
            segments.insert(pointer.pointee.id)
        }
        neighbours[key] = segments
        return segments
    }

    func remove(
        _ ordinals: UnsafeBufferPointer<UInt32>, from segment: Pointer,
        _ statements: SegmentStatements
    ) throws {
        try forEachContainer(of: ordinals, in: segment, statements) { $0.remove($1) }
    }

    func clear(_ segment: Pointer) {
        byteCount -= segment.pointee.byteCount
        segment.pointee.clear()
        byteCount += segment.pointee.byteCount
    }

    /// Applies `change` to each container of the ordinals, which ascend.
    @inline(__always)
    private func forEachContainer(
        of ordinals: UnsafeBufferPointer<UInt32>, in segment: Pointer,
        _ statements: SegmentStatements,
        _ change: (inout MemberContainer, UnsafeBufferPointer<UInt32>) -> Void
    ) throws {
        var start = 0
        while start < ordinals.count {
            let key = ordinals[start] >> 16
            let end = Self.endOfContainer(ordinals, from: start)
            let container = try loaded(Int(key), of: segment, statements)
            let (oldCount, oldByteCount) = (container.pointee.count, container.pointee.byteCount)
            change(&container.pointee, UnsafeBufferPointer(rebasing: ordinals[start..<end]))
            byteCount += container.pointee.byteCount - oldByteCount
            if container.pointee.count != oldCount {
                segment.pointee.memberCount &+= container.pointee.count - oldCount
                if !container.pointee.isDirty {
                    container.pointee.isDirty = true
                    segment.pointee.dirtyKeys.append(UInt16(key))
                }
            }
            start = end
        }
    }

    /// The first index whose ordinal has other upper bits: by doubling steps, then by halves.
    @inline(__always)
    private static func endOfContainer(
        _ ordinals: UnsafeBufferPointer<UInt32>, from start: Int
    ) -> Int {
        let key = ordinals[start] >> 16
        var low = start + 1
        var step = 1
        while low + step <= ordinals.count, ordinals[low + step - 1] >> 16 == key {
            low += step
            step += step
        }
        var high = min(low + step - 1, ordinals.count)
        while low < high {
            let middle = (low + high) / 2
            if ordinals[middle] >> 16 == key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: Loading

    private func find(
        _ id: SegmentID, _ position: Position, _ time: Timestamp, _ statements: SegmentStatements
    ) throws -> Pointer {
        if let recent, recent.pointee.id == id { return recent }
        if let known = states[id] {
            recent = known
            return known
        }
        let pointer = Pointer.allocate(capacity: 1)
        do {
            statements.loadSegment.bind(0, id.rawValue)
            let isStored: Void? = try statements.loadSegment.fetch {
                pointer.initialize(to: SegmentState(id: id, row: statements.loadSegment))
            }
            if isStored == nil {
                let number = try nextNumber ?? statements.segmentCount()
                nextNumber = number + 1
                pointer.initialize(
                    to: SegmentState(id: id, number: number, position: position, time: time))
            }
        } catch {
            pointer.deallocate()
            throw error
        }
        states[id] = pointer
        recent = pointer
        byteCount += SegmentState.ownByteCount
        return pointer
    }

    @inline(__always)
    private func loaded(
        _ key: Int, of segment: Pointer, _ statements: SegmentStatements
    ) throws -> UnsafeMutablePointer<MemberContainer> {
        if key >= segment.pointee.containers.count {
            byteCount += segment.pointee.reserve(key)
        }
        let container = segment.pointee.containers.baseAddress! + key
        if !container.pointee.isLoaded {
            try load(container, key: key, of: segment, statements)
        }
        container.pointee.lastUse = transaction
        return container
    }

    private func load(
        _ container: UnsafeMutablePointer<MemberContainer>, key: Int, of segment: Pointer,
        _ statements: SegmentStatements
    ) throws {
        if segment.pointee.isWhole {
            container.pointee.isLoaded = true
            return
        }
        let statement = statements.loadContainer
        statement.bind(0, segment.pointee.number << 16 | Int64(key))
        let found: Void? = try statement.fetch {
            container.pointee = try MemberContainer(
                decoding: statement.bytes(0), key: UInt16(key))
        }
        if found == nil { container.pointee.isLoaded = true }
        byteCount += container.pointee.byteCount
    }

    // MARK: Storing

    /// Writes what is dirty.
    func store(_ statements: SegmentStatements) throws {
        dirty.sort { $0.pointee.number < $1.pointee.number }
        for pointer in dirty {
            try storeMembers(pointer, statements)
            try statements.storeSegment(pointer)
            pointer.pointee.isDirty = false
        }
        dirty.removeAll(keepingCapacity: true)
    }

    /// If more than `limit` bytes are in memory, packs them; if that was not enough, forgets what
    /// the transaction did not use; and then everything. Precondition: nothing is dirty.
    func trim(to limit: Int) {
        if byteCount <= limit { return }
        for pointer in states.values {
            byteCount -= pointer.pointee.byteCount
            pointer.pointee.compact()
            byteCount += pointer.pointee.byteCount
        }
        if byteCount <= limit { return }
        recent = nil
        for (id, pointer) in states {
            byteCount -= pointer.pointee.byteCount
            if pointer.pointee.lastUse == transaction {
                pointer.pointee.evict(unusedIn: transaction)
                byteCount += pointer.pointee.byteCount
            } else {
                Self.free(pointer)
                states[id] = nil
            }
        }
        if byteCount <= limit { return }
        let number = nextNumber
        forget()
        nextNumber = number
    }

    private func storeMembers(_ pointer: Pointer, _ statements: SegmentStatements) throws {
        let base = pointer.pointee.number << 16
        if pointer.pointee.isVoid {
            try statements.deleteContainers(from: base)
            pointer.pointee.isVoid = false
        }
        pointer.pointee.dirtyKeys.sort()
        for key in pointer.pointee.dirtyKeys {
            let container = pointer.pointee.containers.baseAddress! + Int(key)
            container.pointee.isDirty = false
            if container.pointee.count == 0 {
                try statements.deleteContainer(base | Int64(key))
            } else {
                let bytes = container.pointee.encode(key: key, into: scratch)
                try statements.storeContainer(base | Int64(key), bytes)
            }
        }
        pointer.pointee.dirtyKeys.removeAll(keepingCapacity: true)
    }

    private static func free(_ pointer: Pointer) {
        pointer.deinitialize(count: 1)
        pointer.deallocate()
    }
}
