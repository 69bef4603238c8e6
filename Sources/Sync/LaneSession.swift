internal import Connector
internal import SQLTemplate
internal import Synchronization

/// What a lane delivers through: a session of its own, or one that several lanes share.
protocol LaneSession: Sendable {
    var bindsValues: Bool { get }
    var queuesDeliveries: Bool { get }

    /// As a `TargetSession` does it.
    ///
    /// - Throws: also `UnsharedDelivery`.
    func deliver(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult

    /// For calls beside deliveries.
    ///
    /// - Throws: `UnsharedDelivery` where others use the session.
    var own: any TargetSession { get throws }
}

struct OwnSession: LaneSession {
    let own: any TargetSession

    init(_ session: any TargetSession) { own = session }

    var bindsValues: Bool { own.bindsValues }
    var queuesDeliveries: Bool { own.queuesDeliveries }

    func deliver(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult {
        try await own.deliver(delivery)
    }
}

/// A delivery went with others', and not all could be committed: its lane goes on alone, and finds
/// out what is wrong, if it was the one. Nothing was recorded.
struct UnsharedDelivery: Error {
    /// The rows that its queries affected, where it is not known whether they were committed; nil:
    /// nothing was changed.
    var doubtfulRowCounts: [Int]?
}

/// A session that several lanes deliver through (docs/decisions/0020): what they send is one
/// transaction of the target's, as soon as each that still runs has sent something.
///
/// Invariants:
/// - a lane has one delivery here at a time;
/// - a delivery is answered once: with its commit, or with `UnsharedDelivery`;
/// - the one lane that is left goes on alone: a session of its own takes deliveries that follow.
final class SharedSession: LaneSession {
    /// One transaction holds what a large delivery does.
    private static let byteCountMax = 1 << 20

    private struct Request {
        let delivery: TargetDelivery
        let continuation: CheckedContinuation<TargetDeliveryResult, any Error>

        var byteCount: Int {
            delivery.queries.reduce(0) { count, query in
                switch query {
                case .text(let sql): count + sql.count
                case .bound(let query): count + query.bytes.count
                }
            }
        }
    }

    private struct State {
        var laneCount: Int
        var waiting: [Request] = []
        /// Who carries out what they send.
        var server: CheckedContinuation<Void, Never>?

        /// All that still run have sent something.
        var isComplete: Bool { waiting.count == laneCount }
    }

    private let session: any TargetSession
    private let state: Mutex<State>
    private let isLost = Atomic(false)

    init(_ session: any TargetSession, laneCount: Int) {
        self.session = session
        state = Mutex(State(laneCount: laneCount))
    }

    var bindsValues: Bool { session.bindsValues }

    var queuesDeliveries: Bool { false }

    var own: any TargetSession {
        get throws { throw UnsharedDelivery() }
    }

    /// Whether the session is of use still.
    var isUsable: Bool { !isLost.load(ordering: .acquiring) }

    func deliver(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult {
        try await withCheckedThrowingContinuation { continuation in
            change { $0.waiting.append(Request(delivery: delivery, continuation: continuation)) }
        }
    }

    /// A lane has ended.
    func leave() { change { $0.laneCount -= 1 } }

    private func change(_ body: (inout State) -> Void) {
        let server = state.withLock { state -> CheckedContinuation<Void, Never>? in
            body(&state)
            return state.isComplete ? state.server.take() : nil
        }
        server?.resume()
    }

    /// Carries out what the lanes send, until the last has left.
    func serve() async {
        while true {
            await withCheckedContinuation { continuation in
                let isComplete = state.withLock { state in
                    if !state.isComplete { state.server = continuation }
                    return state.isComplete
                }
                if isComplete { continuation.resume() }
            }
            let requests = state.withLock { state in
                defer { state.waiting = [] }
                return state.waiting
            }
            if requests.isEmpty { return }
            await carryOut(requests)
        }
    }

    private func carryOut(_ requests: [Request]) async {
        var rest = requests[...]
        if rest.count == 1 || Task.isCancelled { answer(&rest, UnsharedDelivery()) }
        for place in rest.indices.reversed() where !session.shares(rest[place].delivery) {
            rest.remove(at: place).continuation.resume(throwing: UnsharedDelivery())
        }
        while !rest.isEmpty, isUsable {
            var (count, byteCount) = (1, rest.first!.byteCount)
            for request in rest.dropFirst() {
                byteCount += request.byteCount
                if byteCount > Self.byteCountMax { break }
                count += 1
            }
            var together = rest.prefix(count)
            rest.removeFirst(count)
            await commit(&together)
        }
        answer(&rest, UnsharedDelivery())
    }

    private func answer(_ requests: inout ArraySlice<Request>, _ error: UnsharedDelivery) {
        for request in requests { request.continuation.resume(throwing: error) }
        requests = []
    }

    private func commit(_ requests: inout ArraySlice<Request>) async {
        do {
            let counts = try await session.deliverTogether(requests.map(\.delivery))
            guard let counts else { return answer(&requests, UnsharedDelivery()) }
            for (request, counts) in zip(requests, counts) {
                request.continuation.resume(returning: .committed(rowCounts: counts))
            }
        } catch {
            isLost.store(true, ordering: .releasing)
            guard let failure = error as? TargetFailure, failure.isOutcomeUnknown else {
                return answer(&requests, UnsharedDelivery())
            }
            var counts = (failure.rowCounts ?? [])[...]
            for request in requests {
                let own = Array(counts.prefix(request.delivery.queries.count))
                counts = counts.dropFirst(own.count)
                request.continuation.resume(throwing: UnsharedDelivery(doubtfulRowCounts: own))
            }
        }
    }
}
