internal import SegmentModel
internal import Synchronization

/// Wakes one task that waits: a raise is remembered until somebody waits.
final class AsyncSignal: Sendable {
    private struct State {
        var isRaised = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func raise() {
        let waiter = state.withLock { state in
            state.isRaised = state.waiter == nil
            return state.waiter.take()
        }
        waiter?.resume()
    }

    /// Returns once it is raised, the time is over (nil: without end) or the task is cancelled.
    func wait(milliseconds: Int?, on time: any MonotonicClock) async {
        let timer = milliseconds.map { milliseconds in
            Task {
                do {
                    try await time.sleep(milliseconds: milliseconds)
                    self.raise()
                } catch {
                    // Cancelled: something else came first.
                }
            }
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isRaised || Task.isCancelled {
                        state.isRaised = false
                        return true
                    }
                    precondition(state.waiter == nil, "one task waits")
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            raise()
        }
        timer?.cancel()
    }
}
