internal import Synchronization

/// Lets the caller of a session's blocking call go on although the call does not come back.
///
/// The adapter, which knows when a call has taken too long, calls `abandon`; the session then gives
/// the caller the failure, and leaves thread and connection to whatever the call does next.
///
/// Invariant: a call is answered once, by itself or by `abandon`.
package final class CallAbandonment: Sendable {
    private enum State {
        case idle
        case running(@Sendable (TargetFailure) -> Void)
        case abandoned
    }

    private let state = Mutex(State.idle)

    package init() {}

    package var isAbandoned: Bool {
        state.withLock {
            if case .abandoned = $0 { return true }
            return false
        }
    }

    /// Answers the call that runs with `failure`, if one does. May be called from anywhere, again.
    package func abandon(_ failure: TargetFailure) {
        let answer = state.withLock { state -> (@Sendable (TargetFailure) -> Void)? in
            guard case .running(let answer) = state else { return nil }
            state = .abandoned
            return answer
        }
        answer?(failure)
    }

    /// A call begins; `answer` gives its caller a failure.
    func start(_ answer: @escaping @Sendable (TargetFailure) -> Void) {
        state.withLock { state in
            guard case .idle = state else {
                preconditionFailure("a session makes one call at a time, and none once abandoned")
            }
            state = .running(answer)
        }
    }

    /// The call has come back; false: its caller has gone on without it.
    func end() -> Bool {
        state.withLock { state in
            guard case .running = state else { return false }
            state = .idle
            return true
        }
    }
}
