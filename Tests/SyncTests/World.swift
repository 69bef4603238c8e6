import Connector
import EventJSON
import Foundation
import Ledger
import OperatorConfiguration
import Projection
import SegmentModel
import StorageIO
import Synchronization

@testable import Sync

/// A clock that stands until it is set.
final class StillClock: WallClock {
    private let time = Mutex(Timestamp(rfc3339: "2026-03-12T10:00:00Z")!)

    func now() -> Timestamp { time.withLock { $0 } }

    func advance(milliseconds: Int64) {
        time.withLock { $0 = $0.advanced(byMicroseconds: milliseconds * 1000) }
    }
}

/// A ledger with its projections in a temporary directory, and an integration that delivers all of
/// it to a target in memory.
final class World {
    let directory: URL
    let clock = StillClock()
    let ledger: FileLedger
    let store: ProjectionStore
    let projector: Projector
    let context: SyncContext
    var definition: IntegrationDefinition

    /// Integrations beside that one, on the same connector.
    var others: [IntegrationDefinition] = []

    init(size: Int = 3, time: any MonotonicClock = SystemMonotonicClock()) throws {
        directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("segledger-sync-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        var options = FileLedger.Options(directory: directory.path, access: .write)
        options.clock = clock
        ledger = try FileLedger.open(options)
        store = try ProjectionStore.open(
            directory: directory.path, identity: ledger.identity, readOnly: false,
            decoder: Self.decoder)
        projector = try Projector(ledger: ledger, store: store)
        context = SyncContext(
            ledger: ledger, projections: LedgerProjections(store: store, projector: projector),
            pool: BlockingPool(name: "test", threadCount: 1),
            clock: clock, time: time)
        definition = IntegrationDefinition(
            name: "crm",
            scope: IntegrationDefinition.Scope(databaseID: 1, segments: .all),
            connector: "memory",
            queries: [
                .addProfiles: "ADD {segment_id}, {for $l = $batch}'{$l.id}'{autocomma}{end}",
                .removeProfiles: "REMOVE {segment_id}, {for $l = $batch}'{$l.id}'{autocomma}{end}",
                .clearSegment: "CLEAR {segment_id}", .saveSegment: "SAVE {segment_id}",
                .deleteSegment: "DROP {segment_id}",
            ])
        definition.start = .beginning
        definition.batch = .batch(size: size)
    }

    deinit {
        do {
            try FileManager.default.removeItem(at: directory)
        } catch {
            FileHandle.standardError.write(Data("\(directory.path) stays behind\n".utf8))
        }
    }

    func close() async throws {
        try store.close()
        try await ledger.close()
    }

    private static var decoder: SystemEventDecoder {
        SystemEventDecoder(
            description: { try SegmentDescription.decode($0) },
            configuration: { bytes in
                let change = try ConfigurationChange.decode(bytes)
                return .init(
                    set: change.integrations.compactMap { name, definition in
                        definition.map {
                            .init(name: name, isActive: $0.isActive, fields: RowFields($0))
                        }
                    },
                    removed: change.integrations.filter { $0.definition == nil }.map(\.name))
            },
            integrationName: { try IntegrationReference.decode($0).integration },
            receipt: { try Receipt.decode($0) },
            resyncRequest: { try ResyncRequest.decode($0) },
            resyncResult: { try ResyncResult.decode($0) },
            lane: { try LaneKey.decode($0) },
            parkedChange: { try ParkedChange.decode($0) },
            parkedSelection: { try ParkedSelection.decode($0) },
            deliveryStart: { try DeliveryStart.decode($0) },
            adoption: { try LaneAdoption.decode($0) },
            grade: { try GradeRecord.decode($0) })
    }

    // MARK: Doing

    @discardableResult
    func append(
        _ kind: EventKind, _ segment: Int64, _ ids: [String] = []
    ) async throws -> Position {
        var batch = EventBatch()
        if kind.hasProfiles {
            batch.append(kind, segment: SegmentID(segment), profiles: ids.map { ($0, []) })
        } else {
            batch.append(
                kind, segment: SegmentID(segment),
                body: kind == .segmentCreated ? SegmentDescription(name: "s").encode() : "")
        }
        return try await ledger.append(batch).firstPosition!
    }

    /// An event with fields of its profiles.
    @discardableResult
    func append(
        _ kind: EventKind, _ segment: Int64, fields: [(id: String, field: String, value: String)]
    ) async throws -> Position {
        var batch = EventBatch()
        batch.append(
            kind, segment: SegmentID(segment),
            profiles: fields.map { ($0.id, [($0.field, .text($0.value))]) })
        return try await ledger.append(batch).firstPosition!
    }

    @discardableResult
    func rename(_ segment: Int64, _ name: String) async throws -> Position {
        var batch = EventBatch()
        batch.append(
            .segmentUpdated, segment: SegmentID(segment),
            body: SegmentDescription(name: name).encode())
        return try await ledger.append(batch).firstPosition!
    }

    /// Records the integrations, as `apply` does.
    func configure() async throws {
        let all = [definition] + others
        let change = ConfigurationChange(integrations: all.map { ($0.name, $0) })
        var batch = EventBatch()
        batch.append(.configurationApplied, body: change.encode())
        _ = try await ledger.append(batch)
    }

    func engine(_ target: MemoryTarget) -> SyncEngine {
        SyncEngine(context: context, makeConnector: { _ in target })
    }

    func sync(
        _ target: MemoryTarget, giveUpMilliseconds: Int = 60_000
    ) async throws -> IntegrationOutcome {
        var options = SyncEngine.Options()
        options.giveUpMilliseconds = giveUpMilliseconds
        return try await engine(target).run(
            [definition], connectors: ["memory": target.definition], options: options)[0]
    }

    /// All integrations, in the order of their names.
    func syncAll(
        _ target: MemoryTarget, giveUpMilliseconds: Int = 60_000
    ) async throws -> [IntegrationOutcome] {
        var options = SyncEngine.Options()
        options.giveUpMilliseconds = giveUpMilliseconds
        return try await engine(target).run(
            [definition] + others, connectors: ["memory": target.definition], options: options)
    }

    /// Asks for a rebuild of all segments and carries it out.
    func resync(_ target: MemoryTarget) async throws -> IntegrationOutcome {
        let engine = engine(target)
        _ = try await engine.requestResync(definition, segments: [])
        return try await engine.resync(
            definition, connectors: ["memory": target.definition],
            options: SyncEngine.Options())
    }

    func statistics(of name: String = "crm") async throws -> Statistics {
        try await projector.foldToEnd()
        return try await store.read { try $0.statistics(of: name, from: nil, to: nil) }
    }

    /// What failed, the last first.
    func errors() async throws -> [DeliveryErrorRow] {
        try await projector.foldToEnd()
        return try await store.read { try $0.deliveryErrors(of: "crm", limit: 1000) }
    }

    func integration() async throws -> IntegrationRow? {
        try await projector.foldToEnd()
        return try await store.read { try $0.integration("crm") }
    }

    func lane(_ segment: Int64) async throws -> LaneRow? {
        try await projector.foldToEnd()
        return try await store.read { try $0.lanes(of: "crm") }
            .first { $0.key.segment == SegmentID(segment) }
    }

    /// A lane's worker, over a session of its own.
    func worker(
        _ segment: Int64, _ target: MemoryTarget
    ) async throws -> (worker: LaneWorker, session: OwnSession) {
        let session = try await target.connect()
        let support = try await session.openCursors()
        let worker = try await LaneWorker(
            plan: try IntegrationPlan(definition, target.definition, target.dialect),
            lane: LaneKey(integration: "crm", segment: SegmentID(segment)),
            known: try await lane(segment), parked: try await parked(segment), context: context,
            receipts: ReceiptQueue(context: context), session: session, support: support,
            absorbsRepeats: support == .fenceOnly)
        return (worker, OwnSession(session))
    }

    /// What is set aside, at a segment's lane or anywhere.
    func parked(_ segment: Int64? = nil) async throws -> [ParkedRow] {
        try await projector.foldToEnd()
        return try await store.read { try $0.parked(of: "crm") }
            .filter { segment == nil || $0.change.lane.segment == segment.map { SegmentID($0) } }
    }

    /// Records that parked changes are to be tried again, or given up.
    func decide(_ kind: EventKind, _ id: String? = nil) async throws {
        let selection = ParkedSelection(
            integration: "crm", profile: id.flatMap { ledger.ordinal(of: $0) })
        var batch = EventBatch()
        batch.append(kind, body: selection.encode())
        _ = try await ledger.append(batch)
    }

    func batcher(_ segment: Int64, coalesces: Bool = false) -> LaneBatcher {
        LaneBatcher(ledger: ledger, segment: SegmentID(segment), coalesces: coalesces)
    }

    func ids(_ batch: LaneBatch) -> [String] {
        batch.members.map { ledger.profileID(of: ProfileOrdinal($0.ordinal)) }
    }
}
