internal import Connector
internal import EventJSON
internal import Foundation
internal import Ledger
internal import OperatorConfiguration
internal import Projection
internal import SegmentModel
internal import StorageIO
internal import Sync

/// A data directory opened for one command: ledger, projections, and what belongs to them.
final class Workspace: Sendable {
    let directory: String
    let ledger: FileLedger
    let store: ProjectionStore
    let projector: Projector
    let pool: BlockingPool
    let clock = SystemClock()

    private init(
        directory: String, ledger: FileLedger, store: ProjectionStore, projector: Projector,
        pool: BlockingPool
    ) {
        self.directory = directory
        self.ledger = ledger
        self.store = store
        self.projector = projector
        self.pool = pool
    }

    /// Opens, runs `body`, and closes whatever happens.
    ///
    /// - Parameter folding: whether the projections catch up with the ledger first. Who only
    ///   appends need not wait for them: the next command that asks them does.
    static func with<Result>(
        _ directory: String, _ access: FileLedger.Access, folding: Bool = true,
        _ body: (Workspace) async throws -> Result
    ) async throws -> Result {
        let workspace = try await open(directory, access, folding: folding)
        let result: Result
        do {
            result = try await body(workspace)
        } catch {
            do {
                try await workspace.close()
            } catch let closing as Failure {
                ErrorReport.print(closing)
            }
            throw error
        }
        try await workspace.close()
        return result
    }

    private static func open(
        _ directory: String, _ access: FileLedger.Access, folding: Bool
    ) async throws -> Workspace {
        let pool = BlockingPool(name: "reader", threadCount: 2)
        let ledger = try await openLedger(directory, access, pool)
        for notice in ledger.notices { Terminal.printError("segledger: \(notice)") }
        do {
            let store = try await pool.run { try openStore(directory, ledger) }
            let projector = try Projector(ledger: ledger, store: store)
            if folding, ledger.isWritable { try await projector.foldToEnd() }
            return Workspace(
                directory: directory, ledger: ledger, store: store, projector: projector,
                pool: pool)
        } catch {
            try await ledger.close()
            throw error
        }
    }

    /// Projections of another version are folded again by whoever may write; the ledger was opened
    /// with them as a witness, so it holds all that they had seen (INV-3).
    private static func openStore(
        _ directory: String, _ ledger: FileLedger
    ) throws -> ProjectionStore {
        func open() throws -> ProjectionStore {
            try ProjectionStore.open(
                directory: directory, identity: ledger.identity,
                readOnly: !ledger.isWritable, decoder: .standard)
        }
        do {
            return try open()
        } catch let failure as Failure where failure.code == .formatUnknown && ledger.isWritable {
            Terminal.printError(
                "segledger: \(failure.message); they are folded again from the ledger")
            try ProjectionStore.delete(directory: directory)
            return try open()
        }
    }

    /// A question beside this command holds the lock for a moment, and so does a process that is
    /// ending: who wants to write waits for them a little.
    private static func openLedger(
        _ directory: String, _ access: FileLedger.Access, _ pool: BlockingPool
    ) async throws -> FileLedger {
        let deadline = monotonicNanoseconds() + lockWaitNanoseconds
        while true {
            do {
                return try await pool.run { try openLedgerOnce(directory, access) }
            } catch let failure as Failure where failure.code == .ledgerLocked {
                guard monotonicNanoseconds() < deadline else { throw failure }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    private static let lockWaitNanoseconds: UInt64 = 3_000_000_000

    private static func openLedgerOnce(
        _ directory: String, _ access: FileLedger.Access
    ) throws -> FileLedger {
        var options = FileLedger.Options(directory: directory, access: access)
        if access == .read {
            // Beside a process that writes, what is asked later may say more than was read.
            let testimony = try ProjectionStore.testimony(directory: directory)
            options.witness = { testimony?.identity == $0 ? testimony?.end : nil }
        } else {
            options.witness = {
                try ProjectionStore.witness(directory: directory, identity: $0)
            }
        }
        return try FileLedger.open(options)
    }

    private func close() async throws {
        try store.close()
        try await ledger.close()
    }

    /// The configuration as the ledger holds it.
    func configuration() async throws -> ConfigurationState {
        let bodies = try await store.read { try $0.configurationBodies() }
        var state = ConfigurationState()
        for (position, body) in bodies {
            state.apply(try ConfigurationChange.decode(body.utf8), at: position)
        }
        return state
    }

    func integration(_ name: String) async throws -> IntegrationDefinition {
        let state = try await configuration()
        guard let found = state.integrations[name] else {
            let known = state.integrations.keys.sorted()
            let near = nearestName(to: name, in: known)
            throw Failure(
                .notFound, "there is no integration \(name)",
                hint: near.map { "did you mean \($0)?" }
                    ?? (known.isEmpty
                        ? "apply a configuration first: 'segledger apply FILE'"
                        : "known are: \(known.joined(separator: ", "))"))
        }
        return found
    }

    /// Makes connectors as the configuration stands now.
    func connectorMaker() async throws -> ConnectorMaker {
        ConnectorMaker(
            secret: ConnectorSecret(directory: directory, state: try await configuration()))
    }

    func engine() async throws -> SyncEngine {
        let maker = try await connectorMaker()
        return SyncEngine(
            context: syncContext, makeConnector: { try maker.make($0) })
    }

    var syncContext: SyncContext {
        SyncContext(
            ledger: ledger, projections: LedgerProjections(store: store, projector: projector),
            pool: pool, clock: clock)
    }
}
