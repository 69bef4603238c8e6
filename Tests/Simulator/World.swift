import Connector
import EventJSON
import FrameCodec
import Ledger
import OperatorConfiguration
import Projection
import ProjectionModel
import SegmentModel
import Sync

/// A ledger, a target, operators and workers: what a history happens to.
final class World: @unchecked Sendable {  // all on one thread
    struct Worker {
        let process: SimulatedProcess
        let task: Task<Void, Never>
    }

    let ledger: SimulatedLedger
    let projections: SimulatedProjections
    let target: SimulatedTarget
    let canary: Canary?
    let isLog: Bool
    /// Profiles have rows in common: what a lane writes by then depends on who has joined since,
    /// and only what it comes to is checked.
    let sharesCards: Bool
    /// By name, as the configuration in force has them.
    private(set) var definitions: [String: IntegrationDefinition] = [:]
    private(set) var shapes: [String: Expectation.Shape] = [:]
    /// What was found wrong; empty: nothing.
    private(set) var findings: [String] = []
    /// Told of what happens, if somebody wants to read it.
    var log: (String) -> Void = { _ in }
    private var workers: [Worker] = []
    private var processCount = 0
    private var snapshot: SimulatedTarget.Content?
    private var copy:
        (
            ledger: SimulatedLedger, projections: SimulatedProjections,
            definitions: [IntegrationDefinition]
        )?
    /// Profiles of whom an operator gave changes up: nobody knows their rows until a rebuild.
    var tainted: [LaneKey: Set<UInt32>] = [:]
    var resyncs: [LaneKey: Int64] = [:]
    /// Another copy has written rows of profiles that this ledger may not know: without a
    /// `clear_segment` no rebuild finds them.
    var hasStrangers = false
    /// To be applied.
    private var unapplied: [String: IntegrationDefinition] = [:]

    static let names = ["crm", "bi"]

    init(seed: UInt64, canary: Canary?) {
        var random = SeededGenerator(seed: seed)
        isLog = random.next() % 6 == 0
        sharesCards = !isLog && random.next() % 4 == 0
        ledger = SimulatedLedger(
            identity: LedgerIdentity(
                ledger: String(repeating: "a", count: 32),
                timeline: String(repeating: "b", count: 32)))
        projections = SimulatedProjections(ledger)
        target = SimulatedTarget(hasTransactions: !isLog, seed: random.next())
        self.canary = canary
        let isFilled = !isLog && random.next() % 2 == 0
        let all = [
            Self.definition(Self.names[0], isLog: isLog, .beginning, &random),
            Self.definition(
                Self.names[1], isLog: isLog, isFilled ? .fill : .beginning, &random),
        ]
        target.isFenceBroken = canary == .noFence
        target.didCommit = { [unowned self] lanes, process in check(lanes, of: process) }
        for one in all {
            unapplied[one.name] = one
            let isByID = one.queries[.removeProfiles]?.contains("\"id\"") ?? true
            shapes[one.name] = Expectation.Shape(
                key: isByID || isLog ? nil : "card", updates: one.updates)
        }
        if isLog || random.next() % 4 > 0 { apply(all[0]) }
    }

    private static func definition(
        _ name: String, isLog: Bool, _ start: IntegrationDefinition.Start,
        _ random: inout SeededGenerator
    ) -> IntegrationDefinition {
        let key = isLog || random.next() % 2 == 0 ? "id" : "card"
        var queries: [QueryKind: String] = [
            .addProfiles: "INSERT INTO \(name) VALUES {for $l = $batch}({segment_id}, "
                + "'{$l.\(key)}', '{$l.name}'){autocomma}{end}",
            .removeProfiles:
                "DELETE FROM \(name) WHERE s = {segment_id} AND k IN ({batch_in \"\(key)\"})",
            .saveSegment: "INSERT INTO \(name)_s VALUES ({segment_id}, '{segment_name}')",
            .deleteSegment: "DELETE FROM \(name)_s WHERE s = {segment_id}",
        ]
        if random.next() % 3 > 0 {
            queries[.clearSegment] = "DELETE FROM \(name) WHERE s = {segment_id}"
        }
        if isLog {
            for (kind, sign) in [(QueryKind.addProfiles, "+"), (.removeProfiles, "-")] {
                queries[kind] =
                    "INSERT INTO \(name) VALUES {for $l = $batch}({segment_id}, '{$l.id}', "
                    + "'\(sign)'){autocomma}{end}"
            }
        }
        var definition = IntegrationDefinition(
            name: name,
            scope: IntegrationDefinition.Scope(databaseID: 1, segments: .all),
            connector: SimulatedConnector.name, queries: queries)
        definition.start = start
        definition.batch = .batch(size: 1 + Int(random.next() % 4))
        definition.batchTimeoutMilliseconds = random.next() % 2 == 0 ? 0 : 1000
        definition.isCoalesced = !isLog && random.next() % 3 == 0
        definition.updates = random.next() % 4 == 0 ? .ignore : .follow
        return definition
    }

    func find(_ text: String) {
        findings.append(text)
        log("FOUND: \(text)")
    }

    // MARK: Steps

    func take(_ step: Step) async {
        log("\(VirtualClock().nanoseconds() / 1_000_000) ms, position \(ledger.end): \(step)")
        switch step {
        case .append(let events):
            var batch = EventBatch()
            for event in events { event.add(to: &batch, sharesCards: sharesCards) }
            ledger.append(now: batch)
        case .wait(let milliseconds):
            await Scheduler.shared.sleep(nanoseconds: UInt64(milliseconds) * 1_000_000)
        case .start: start()
        case .stop: await stop()
        case .crash: await crash()
        case .freeze: active?.process.freeze()
        case .thaw: await thaw()
        case .deliver:
            guard active == nil else { return }
            _ = await deliver(over: newProcess(), giveUpMilliseconds: 5_000)
        case .weather(let rate): target.faultRate = rate
        case .unreachable(let isOne): target.isUnreachable = isOne
        case .poison(let profile): if !sharesCards { target.poison.insert("p\(profile)") }
        case .heal: target.poison = []
        case .deferred(let isOne): target.isFoundAtCommit = isOne
        case .rowCountMax(let count): target.rowCountMax = count
        case .takeSnapshot: snapshot = target.content
        case .goBack: replaceTarget(by: snapshot)
        case .emptyTarget: replaceTarget(by: SimulatedTarget.Content())
        case .copyLedger:
            let copied = SimulatedLedger(copying: ledger)
            copy = (copied, SimulatedProjections(copied), Array(definitions.values))
        case .deliverCopy(let event): await deliverCopy(event)
        default: await takeOperators(step)
        }
        // What is under way goes on for a moment.
        await Scheduler.shared.sleep(nanoseconds: 50_000)
    }

    private func takeOperators(_ step: Step) async {
        switch step {
        case .pause(let index): refer(.integrationPaused, index)
        case .resume(let index): refer(.integrationResumed, index)
        case .resync(let index, let segment):
            guard let definition = definitions[Self.names[index]] else { return }
            await operate {
                _ = try await $0.requestResync(
                    definition, segments: segment.map { [SegmentID(Int64($0 + 1))] } ?? [])
            }
        case .cancelResync(let index):
            await operate { _ = try await $0.cancelResyncs(of: Self.names[index]) }
        case .redrive(let index): select(.redriveRequested, Self.names[index])
        case .discard(let index):
            let name = Self.names[index]
            projections.fold(before: ledger.end)
            for one in projections.model.parked where one.change.lane.integration == name {
                tainted[one.change.lane, default: []].insert(one.change.profile.rawValue)
            }
            select(.parkedDiscarded, name)
        case .adopt(let index):
            guard workers.isEmpty, let definition = definitions[Self.names[index]] else { return }
            let connectors = connectors
            await operate {
                _ = try await $0.adopt(definition, connectors: connectors, isPlan: false)
            }
        case .resize(let index, let size):
            guard var definition = definitions[Self.names[index]] else { return }
            definition.batch = .batch(size: size)
            apply(definition)
        case .apply(let index):
            if let definition = unapplied[Self.names[index]] { apply(definition) }
        default: preconditionFailure("\(step) is nothing that an operator does")
        }
    }

    private func apply(_ definition: IntegrationDefinition) {
        definitions[definition.name] = definition
        unapplied[definition.name] = nil
        var batch = EventBatch()
        batch.append(
            .configurationApplied,
            body: ConfigurationChange(integrations: [(definition.name, definition)]).encode())
        ledger.append(now: batch)
    }

    private func refer(_ kind: EventKind, _ index: Int) {
        guard definitions[Self.names[index]] != nil else { return }
        var batch = EventBatch()
        batch.append(kind, body: IntegrationReference(integration: Self.names[index]).encode())
        ledger.append(now: batch)
    }

    private func select(_ kind: EventKind, _ name: String) {
        var batch = EventBatch()
        batch.append(kind, body: ParkedSelection(integration: name).encode())
        ledger.append(now: batch)
    }

    /// A command beside the workers.
    private func operate(
        _ body: @escaping @Sendable (SyncEngine) async throws -> Void
    ) async {
        do {
            try await body(newProcess().engine(target))
        } catch {
            log("refused: \(error)")
        }
    }

    // MARK: The target's life

    private func replaceTarget(by content: SimulatedTarget.Content?) {
        guard let content else { return }
        target.content = content
        target.generation += 1
    }

    // MARK: Workers

    var connectors: [String: ConnectorDefinition] {
        [SimulatedConnector.name: SimulatedConnector.definition(poolSize: 2)]
    }

    /// The worker that has the ledger's directory and is not suspended.
    private var active: Worker? {
        workers.last.flatMap { $0.process.isLocked || $0.process.isFrozen ? nil : $0 }
    }

    private func newProcess(
        _ ledger: SimulatedLedger? = nil, _ projections: SimulatedProjections? = nil
    ) -> SimulatedProcess {
        processCount += 1
        return SimulatedProcess(
            ledger ?? self.ledger, projections ?? self.projections, number: processCount,
            canary: canary)
    }

    private func start() {
        guard active == nil else { return }
        // Who is suspended has lost the directory.
        for worker in workers { worker.process.isLocked = true }
        let process = newProcess()
        let (engine, definitions, connectors) = (
            process.engine(target), Array(definitions.values), connectors
        )
        var options = SyncEngine.Options()
        options.isUntilIdle = false
        let settings = options
        let task = Task {
            do {
                _ = try await engine.run(definitions, connectors: connectors, options: settings)
            } catch {
                self.ended(process, error)
            }
        }
        workers.append(Worker(process: process, task: task))
    }

    private func ended(_ process: SimulatedProcess, _ error: any Error) {
        if process.isDead || process.isLocked || error is CancellationError { return }
        find("a worker ended with \(error)")
    }

    private func stop() async {
        guard let worker = active else { return }
        workers.removeLast()
        worker.task.cancel()
        await worker.task.value
    }

    private func crash() async {
        guard let worker = workers.popLast() else { return }
        worker.process.die()
        worker.task.cancel()
        await worker.task.value
    }

    private func thaw() async {
        for worker in workers where worker.process.isFrozen { worker.process.thaw() }
    }

    /// Delivers until nothing is left.
    private func deliver(
        _ chosen: [IntegrationDefinition]? = nil, over process: SimulatedProcess,
        giveUpMilliseconds: Int
    ) async -> [IntegrationOutcome]? {
        if process.ledger === ledger {
            for worker in workers { worker.process.isLocked = true }
        }
        var options = SyncEngine.Options()
        options.giveUpMilliseconds = giveUpMilliseconds
        options.tell = { self.log("said: \($0)") }
        do {
            let outcomes = try await process.engine(target).run(
                chosen ?? Array(definitions.values), connectors: connectors, options: options)
            for outcome in outcomes { log("\(outcome.name): \(outcome.state)") }
            return outcomes
        } catch {
            find("a run ended with \(error)")
            return nil
        }
    }

    private func deliverCopy(_ event: PlatformEvent?) async {
        guard let copy else { return }
        if let event {
            var batch = EventBatch()
            event.add(to: &batch, sharesCards: sharesCards)
            copy.ledger.append(now: batch)
        }
        hasStrangers = true
        let process = newProcess(copy.ledger, copy.projections)
        _ = await deliver(copy.definitions, over: process, giveUpMilliseconds: 1_000)
    }

    // MARK: The end

    /// Everything is well from now on, and the operator does what is said: all of it is delivered.
    func settle() async {
        await thaw()
        while let worker = workers.popLast() {
            worker.process.isLocked = worker.process.isLocked || !workers.isEmpty
            worker.task.cancel()
            await worker.task.value
        }
        target.faultRate = 0
        target.isUnreachable = false
        target.poison = []
        target.isFoundAtCommit = false
        target.rowCountMax = .max
        if let first = unapplied[Self.names[0]] { apply(first) }
        for index in Self.names.indices { refer(.integrationResumed, index) }
        for round in 0..<10 {
            log("settling, round \(round)")
            guard
                let outcomes = await deliver(
                    over: newProcess(), giveUpMilliseconds: 600_000)
            else { return }
            var isDone = true
            for outcome in outcomes where outcome.state != .done {
                isDone = false
                await help(outcome)
            }
            guard isDone else { continue }
            projections.fold(before: ledger.end)
            let parked = Set(projections.model.parked.map(\.change.lane.integration))
            if parked.isEmpty {
                checkAll()
                return
            }
            for one in projections.model.parked {
                log(
                    "parked: \(one.change.lane.integration)/\(one.change.lane.segment) "
                        + "\(one.change.query) p\(one.change.profile) of \(one.change.position), "
                        + "\(one.change.reason)")
            }
            for name in parked { select(.redriveRequested, name) }
        }
        find("the ways out that are told do not lead out")
    }

    private func help(_ outcome: IntegrationOutcome) async {
        guard let index = Self.names.firstIndex(of: outcome.name) else { return }
        switch outcome.state {
        case .done: return
        case .paused: refer(.integrationResumed, index)
        case .unreached(let failure): find("\(outcome.name) is not reached: \(failure)")
        case .stopped, .failed:
            guard let definition = definitions[outcome.name] else { return }
            let (engine, connectors) = (newProcess().engine(target), connectors)
            do {
                _ = try await engine.requestResync(definition, segments: [])
                let outcome = try await engine.resync(
                    definition, connectors: connectors, options: SyncEngine.Options())
                log("resync: \(outcome.state)")
            } catch {
                find("a resync fails with \(error)")
            }
            refer(.integrationResumed, index)
        }
    }
}
