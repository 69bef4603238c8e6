internal import SegmentModel
internal import Synchronization

/// Callers that wait for a position to be folded.
///
/// Invariant: a continuation is resumed by whoever takes it out of the state, so exactly once.
final class FoldWaiters: Sendable {
    private struct Waiter {
        let position: Position
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        /// The next position to fold.
        var folded: Position
        var end: (any Error)?
        var waiters: [UInt64: Waiter] = [:]
        var nextID: UInt64 = 0
    }

    private let state: Mutex<State>

    init(folded: Position) {
        state = Mutex(State(folded: folded))
    }

    func wait(for position: Position) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let waiter = Waiter(position: position, continuation: continuation)
                if let result = add(waiter, id: id) {
                    continuation.resume(with: result)
                }
            }
        } onCancel: {
            take { candidate, _ in candidate == id }.forEach {
                $0.resume(throwing: CancellationError())
            }
        }
    }

    func advance(to folded: Position) {
        state.withLock { $0.folded = max($0.folded, folded) }
        take { $1.position < folded }.forEach { $0.resume() }
    }

    func fail(_ error: any Error) {
        state.withLock { $0.end = error }
        take { _, _ in true }.forEach { $0.resume(throwing: error) }
    }

    /// nil: added. A task cancelled before this point finds its waiter gone, so it is looked at
    /// under the same lock.
    private func add(_ waiter: Waiter, id: UInt64) -> Result<Void, any Error>? {
        state.withLock { state in
            if waiter.position < state.folded { return .success(()) }
            if let end = state.end { return .failure(end) }
            if Task.isCancelled { return .failure(CancellationError()) }
            state.waiters[id] = waiter
            return nil
        }
    }

    private func take(
        where isChosen: (UInt64, Waiter) -> Bool
    ) -> [CheckedContinuation<Void, any Error>] {
        state.withLock { state in
            let chosen = state.waiters.filter { isChosen($0.key, $0.value) }
            for id in chosen.keys { state.waiters[id] = nil }
            return chosen.values.map(\.continuation)
        }
    }
}
