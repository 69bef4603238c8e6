internal import Synchronization

/// Deliveries of a session one after the other: one that follows begins when the one before has
/// ended, if that was committed.
final class DeliveryTurns: Sendable {
    /// A delivery's end: told once, awaited by one other delivery at most.
    final class Turn: Sendable {
        private enum State {
            case open
            case awaited(CheckedContinuation<String?, Never>)
            case ended(committed: String?)
        }

        private let state = Mutex(State.open)

        /// - Parameter committed: its id, if it is.
        func end(committed: String?) {
            let waiter = state.withLock { state -> CheckedContinuation<String?, Never>? in
                defer { state = .ended(committed: committed) }
                guard case .awaited(let waiter) = state else { return nil }
                return waiter
            }
            waiter?.resume(returning: committed)
        }

        /// Its id once it has ended; nil: it was not committed.
        func committed() async -> String? {
            await withCheckedContinuation { continuation in
                let ended = state.withLock { state -> String?? in
                    if case .ended(let committed) = state { return .some(committed) }
                    state = .awaited(continuation)
                    return nil
                }
                if let ended { continuation.resume(returning: ended) }
            }
        }
    }

    private let last = Mutex<Turn?>(nil)

    /// A turn behind the last one, which is given too.
    func take() -> (turn: Turn, before: Turn?) {
        let turn = Turn()
        return last.withLock { last in
            defer { last = turn }
            return (turn, last)
        }
    }
}
