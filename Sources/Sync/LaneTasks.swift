internal import Synchronization

/// The tasks that run an integration's lanes, for a cancellation that comes from anywhere.
final class LaneTasks: Sendable {
    private struct State {
        var tasks: [Int: Task<Void, Never>] = [:]
        var lastNumber = 0
    }

    private let state = Mutex(State())

    /// One of those that are not done; nil: there is none.
    var first: Task<Void, Never>? { state.withLock { $0.tasks.values.first } }

    /// - Parameter then: once it is done and no longer among them.
    func start(
        _ body: @escaping @Sendable () async -> Void, then: @escaping @Sendable () -> Void
    ) {
        state.withLock { state in
            state.lastNumber += 1
            let number = state.lastNumber
            state.tasks[number] = Task {
                await body()
                self.state.withLock { $0.tasks[number] = nil }
                then()
            }
        }
    }

    func cancel() {
        for task in state.withLock({ Array($0.tasks.values) }) { task.cancel() }
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
