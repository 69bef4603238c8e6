internal import SegmentModel
internal import StorageIO
internal import Synchronization

/// Does for the ledger what can wait, one job after the other: makes chunks ahead, seals full ones.
///
/// Invariants:
/// - no job touches the tail; a job that fails leaves the ledger as it was, and its work is found
///   again by the next opening;
/// - after a failure that is no want of room, no further job is begun.
final class LedgerKeeper: Sendable {
    typealias Job = @Sendable () throws -> Void

    private struct State {
        var jobs: [Job] = []
        var isStopped = false
        var hasFailed = false
    }

    private let state = Mutex(State())
    private let wakeUp = WakeUp()
    private let done = WakeUp()
    private let isInline: Bool
    private let report: @Sendable (Failure) -> Void

    /// `report` gets what a job fails with.
    init(_ work: BackgroundWork, report: @escaping @Sendable (Failure) -> Void) {
        isInline = work == .inline
        self.report = report
    }

    func start() {
        if isInline { return }
        startDetachedThread(name: "ledger-keeper") { self.runUntilStopped() }
    }

    func add(_ job: @escaping Job) {
        state.withLock { $0.jobs.append(job) }
        wakeUp.signal()
    }

    /// With `.inline`: does what waits, on the caller's thread.
    func runInline() {
        guard isInline else { return }
        while let job = next() { run(job) }
    }

    /// Begins no further job.
    func drop() { state.withLock { $0.hasFailed = true } }

    /// Does what waits and ends the thread.
    func finish() {
        runInline()
        if isInline { return }
        state.withLock { $0.isStopped = true }
        wakeUp.signal()
        done.wait()
    }

    private func runUntilStopped() {
        while true {
            if let job = next() {
                run(job)
            } else if state.withLock({ $0.isStopped }) {
                done.signal()
                return
            } else {
                wakeUp.wait()
            }
        }
    }

    private func next() -> Job? {
        state.withLock { state in
            if state.hasFailed { state.jobs.removeAll() }
            return state.jobs.isEmpty ? nil : state.jobs.removeFirst()
        }
    }

    private func run(_ job: Job) {
        do {
            try job()
        } catch {
            let failure = (error as? StorageError)?.failure ?? error as? Failure
            guard let failure else { preconditionFailure("a job throws what it may throw") }
            if failure.code != .storageFull { state.withLock { $0.hasFailed = true } }
            report(failure)
        }
    }
}
