internal import SegmentModel
internal import Synchronization

/// The tasks of running lanes, for a cancellation that comes from anywhere.
final class LaneTasks: Sendable {
    private let tasks = Mutex<[SegmentID: Task<Void, Never>]>([:])

    func add(_ task: Task<Void, Never>, _ segment: SegmentID) {
        tasks.withLock { $0[segment] = task }
    }

    func remove(_ segment: SegmentID) { _ = tasks.withLock { $0.removeValue(forKey: segment) } }

    func cancel() {
        for task in tasks.withLock({ Array($0.values) }) { task.cancel() }
    }
}

/// Tells running lanes to let go of their sessions: read from any thread.
final class YieldRequest: Sendable {
    private let raised = Atomic<Bool>(false)
    private let waiting = Atomic<Bool>(false)

    var isRaised: Bool { raised.load(ordering: .acquiring) }

    func raise() { raised.store(true, ordering: .releasing) }

    func lower() { raised.store(false, ordering: .releasing) }

    /// Lanes of the integration wait for a session.
    var othersWait: Bool {
        get { waiting.load(ordering: .acquiring) }
        set { waiting.store(newValue, ordering: .releasing) }
    }
}
