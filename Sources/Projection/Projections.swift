package import SegmentModel

/// The port to the projections, for who works by them: what was folded of the ledger so far.
package protocol Projections: Sendable {
    /// Position of the first event that is not folded.
    func checkpoint() -> Position

    /// Folds up to the ledger's end as it is when called, or up to the position `limit`.
    ///
    /// - Throws: what reading the ledger or folding throws; the projections then are as they were.
    func foldToEnd(before limit: Position?) async throws

    /// Runs `body` on a consistent snapshot.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any ProjectedState) throws -> Result
    ) async throws -> Result

    /// Runs `body` on a consistent snapshot, on the thread that calls.
    ///
    /// - Concurrency: blocks; call it on an owned thread.
    func readHere<Result>(_ body: (any ProjectedState) throws -> Result) throws -> Result
}

extension Projections {
    package func foldToEnd() async throws { try await foldToEnd(before: nil) }
}

/// A consistent snapshot of the projections, as far as delivery asks for it: `ProjectionReader`
/// tells what each answers.
package protocol ProjectedState {
    func checkpoint() throws -> Position

    func segments() throws -> [SegmentRow]
    func segment(_ id: SegmentID) throws -> SegmentRow?
    func segments(_ ids: Set<SegmentID>) throws -> [SegmentRow]

    func integration(_ name: String) throws -> IntegrationRow?
    func lanes(of integration: String) throws -> [LaneRow]
    func lanes(of integration: String, segments: Set<SegmentID>) throws -> [LaneRow]
    func lane(_ key: LaneKey) throws -> LaneRow?

    func resyncs(of integration: String?) throws -> [ResyncRow]
    func unsettledResyncs(of integration: String) throws -> [ResyncRow]
    func resync(_ request: Position) throws -> ResyncRow?

    func parked(at lane: LaneKey) throws -> [ParkedRow]
    func lanesWithDueChanges(of integration: String) throws -> [SegmentID]
    func lanesWithParkedChanges(of integration: String) throws -> [SegmentID]
    func parkedCount(of integration: String) throws -> (all: Int, refused: Int)

    func readFields(
        _ requests: [FieldRequest],
        _ body: (Int, UInt32, FieldKind, UnsafeRawBufferPointer) throws -> Void
    ) throws
    func fieldChangePositions(
        of profiles: [ProfileOrdinal], _ body: (ProfileOrdinal, [Position]) throws -> Void
    ) throws
    func fieldChanges(
        of profiles: [UInt32], from start: Position, before end: Position,
        _ body: (ProfileOrdinal, Position) throws -> Void
    ) throws
    func rowChanges(
        of segment: SegmentID, after position: Position?, limit: Int
    ) throws -> [RowChange]
    func segmentsWithRowChanges(
        from start: Position, before end: Position
    ) throws -> [SegmentID]
    func rowFieldsStart(of integration: String) throws -> Position?
    func profilesSharingRowKeys(among profiles: [UInt32]) throws -> Set<UInt32>
    func profiles(withRowKey key: RowKey) throws -> [UInt32]
    func members(among profiles: [UInt32], of segment: SegmentID) throws -> [UInt32]
}

/// Which fields to read: those of a profile as they stood after a position.
package struct FieldRequest: Hashable, Sendable {
    package var profile: ProfileOrdinal
    package var asOf: Position

    package init(profile: ProfileOrdinal, asOf: Position) {
        self.profile = profile
        self.asOf = asOf
    }
}

extension ProjectionReader: ProjectedState {}

/// The projections of a data directory, folded from its ledger.
package struct LedgerProjections: Projections {
    private let store: ProjectionStore
    private let projector: Projector

    package init(store: ProjectionStore, projector: Projector) {
        self.store = store
        self.projector = projector
    }

    package func checkpoint() -> Position { store.checkpoint() }

    package func foldToEnd(before limit: Position?) async throws {
        try await projector.foldToEnd(before: limit)
    }

    package func read<Result: Sendable>(
        _ body: @escaping @Sendable (any ProjectedState) throws -> Result
    ) async throws -> Result {
        try await store.read { try body($0) }
    }

    package func readHere<Result>(_ body: (any ProjectedState) throws -> Result) throws -> Result {
        try store.readHere { try body($0) }
    }
}
