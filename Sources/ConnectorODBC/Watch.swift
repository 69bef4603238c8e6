internal import CODBC
internal import Connector
internal import StorageIO
internal import Synchronization

/// Ends the calls of one connection that take too long, or that are to be cancelled: from a thread
/// of its own, because a call of ODBC blocks until its driver comes back.
///
/// A statement that is cancelled, or whose time is over, gets `SQLCancel`, again every
/// `cancelMilliseconds`: one that comes between two calls of the statement has no effect. Where
/// that does not help within `graceMilliseconds`, and for calls that cannot be cancelled, the
/// session is given up: its caller goes on, and the thread in the driver stays behind
/// (`CallAbandonment`).
///
/// Invariants:
/// - `SQLCancel` runs only while its statement is registered: `leave` waits for it, so no handle is
///   used after it was freed;
/// - no driver is called under the mutex, nor on the watch's thread: a dead network could hold it.
final class ODBCWatch: CancelSwitch {
    static let graceMilliseconds = 2000
    private static let cancelMilliseconds = 100

    enum Interruption {
        case none, cancelled, overdue
    }

    struct Statement: @unchecked Sendable {  // an address, given to SQLCancel while registered
        let raw: SQLHSTMT
    }

    private struct Call {
        /// nil: it cannot be cancelled.
        let statement: Statement?
        let deadline: UInt64
        /// What the caller is told when the session is given up.
        let failure: TargetFailure
        var interruption = Interruption.none
        var nextCancel: UInt64 = 0
        var end: UInt64?
        var isCancelUnderWay = false
    }

    private struct State {
        var isRaised = false
        var call: Call?
        var isStopped = false
        /// When the thread looks again by itself; 0 while it looks.
        var wakesAt: UInt64 = 0
    }

    private enum Step {
        case sleep
        case sleepMilliseconds(Int)
        case cancel(Statement)
        case giveUp(TargetFailure)
        case end
    }

    let abandonment = CallAbandonment()
    private let state = Mutex(State())
    private let wakeUp = WakeUp()
    private let cancelEnded = WakeUp()

    init() {
        startDetachedThread(name: "odbc-watch") { [self] in run() }
    }

    /// Ends the thread. May be called again.
    func stop() {
        state.withLock { $0.isStopped = true }
        wakeUp.signal()
    }

    // MARK: The caller's side

    var isRaised: Bool { state.withLock { $0.isRaised } }

    func raise() {
        state.withLock { $0.isRaised = true }
        wakeUp.signal()
    }

    func lower() {
        state.withLock { $0.isRaised = false }
    }

    // MARK: The worker's side

    /// Registers a call that begins now.
    func enter(_ statement: Statement?, milliseconds: Int, failure: TargetFailure) {
        let deadline = monotonicNanoseconds() + UInt64(max(0, milliseconds)) * 1_000_000
        let mustWake = state.withLock { state in
            precondition(state.call == nil, "one call at a time")
            state.call = Call(statement: statement, deadline: deadline, failure: failure)
            return deadline < state.wakesAt || state.isRaised
        }
        if mustWake { wakeUp.signal() }
    }

    /// Whether the registered call is being interrupted.
    var interruption: Interruption { state.withLock { $0.call?.interruption ?? .none } }

    /// The call is over: what was done about it meanwhile.
    func leave() -> Interruption {
        while true {
            let interruption = state.withLock { state -> Interruption? in
                guard let call = state.call else { return Interruption.none }
                guard !call.isCancelUnderWay else { return nil }
                state.call = nil
                return call.interruption
            }
            if let interruption { return interruption }
            cancelEnded.wait()
        }
    }

    // MARK: The thread

    private func run() {
        while true {
            switch state.withLock({ Self.step(&$0) }) {
            case .sleep: wakeUp.wait()
            case .sleepMilliseconds(let milliseconds): _ = wakeUp.wait(milliseconds: milliseconds)
            case .cancel(let statement): cancel(statement)
            case .giveUp(let failure): abandonment.abandon(failure)
            case .end: return
            }
        }
    }

    private func cancel(_ statement: Statement) {
        startDetachedThread(name: "odbc-cancel") { [self] in
            blockBrokenPipeSignal()
            // Whether it helped is seen on the statement.
            _ = SQLCancel(statement.raw)
            state.withLock { $0.call?.isCancelUnderWay = false }
            cancelEnded.signal()
            wakeUp.signal()
        }
    }

    private static func step(_ state: inout State) -> Step {
        state.wakesAt = 0
        if state.isStopped { return .end }
        let now = monotonicNanoseconds()
        guard var call = state.call else { return sleep(until: nil, now, &state) }
        defer { state.call = call }
        if call.interruption == .none {
            let isCancelled = state.isRaised && call.statement != nil
            guard isCancelled || now >= call.deadline else {
                return sleep(until: call.deadline, now, &state)
            }
            call.interruption = isCancelled ? .cancelled : .overdue
            call.end = now + UInt64(graceMilliseconds) * 1_000_000
        }
        guard let end = call.end else { return sleep(until: nil, now, &state) }
        if now >= end {
            // Once.
            call.end = nil
            return .giveUp(call.failure)
        }
        guard let statement = call.statement, !call.isCancelUnderWay else {
            return sleep(until: end, now, &state)
        }
        guard now >= call.nextCancel else {
            return sleep(until: min(end, call.nextCancel), now, &state)
        }
        call.isCancelUnderWay = true
        call.nextCancel = now + UInt64(cancelMilliseconds) * 1_000_000
        return .cancel(statement)
    }

    /// nil: until something happens.
    private static func sleep(until: UInt64?, _ now: UInt64, _ state: inout State) -> Step {
        state.wakesAt = until ?? .max
        return until.map { .sleepMilliseconds(Int(min(($0 - now) / 1_000_000 + 1, 60_000))) }
            ?? .sleep
    }
}
