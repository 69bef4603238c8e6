internal import Connector

/// A delivery that the target was given.
struct SentDelivery: Sendable {
    let prepared: PreparedDelivery
    /// The lane's row once it is committed.
    let moved: TargetCursor
    /// nil: it cannot be rendered, and nothing was sent.
    let result: Task<TargetDeliveryResult, any Error>?

    var isSent: Bool { result != nil }

    /// What became of it. A cancellation of the caller is one of the delivery.
    func end() async throws -> TargetDeliveryResult? {
        guard let result else { return nil }
        return try await withTaskCancellationHandler {
            try await result.value
        } onCancel: {
            result.cancel()
        }
    }
}

/// What comes after a delivery that is under way.
enum Ahead: Sendable {
    case built(PreparedDelivery)
    /// Begins by itself once the one before is committed.
    case sent(SentDelivery)

    /// Returns once the target is done with it; it was not begun, because the one before failed.
    func end() async {
        guard case .sent(let delivery) = self, let result = delivery.result else { return }
        result.cancel()
        _ = await result.result
    }
}
