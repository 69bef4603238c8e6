internal import Connector
internal import EventJSON
internal import Ledger
internal import SegmentModel
internal import StorageIO

/// What lanes that run say of themselves, and ask.
extension IntegrationWorker {
    func reached() {
        if targetBackOff != nil { tell(SyncNotice(name, .recovered)) }
        targetBackOff = nil
    }

    func attempt(of segment: SegmentID) -> Int {
        (machine.backOff(of: segment)?.attempt ?? 0) + 1
    }

    /// - Parameter segment: whose lane it was; nil: a rebuild.
    func delivered(_ count: Int, of segment: SegmentID?) {
        deliveredCount += count
        lastFailure = nil
        mark.last = context.time.nanoseconds()
        if let segment {
            progressed.insert(segment)
            if troubled.remove(segment) != nil {
                tell(SyncNotice(name, .recovered, at: SyncPlace(segment: segment)))
            }
        }
        progress(
            SyncProgress(
                integration: name, activity: .delivery, done: deliveredCount, total: nil))
    }

    /// Whether a lane that runs since `start` lets others have its session.
    nonisolated func shouldYield(since start: UInt64) -> Bool {
        if yielding.isRaised { return true }
        guard yielding.othersWait || sessions.hasWaiters else { return false }
        return context.time.nanoseconds() >= start + Self.sliceNanoseconds
    }

    private static let sliceNanoseconds: UInt64 = 200_000_000

    static func stops(_ failure: Failure) -> Bool {
        [.cursorFenced, .targetRefusedValues, .gradeLowered].contains(failure.code)
    }
}
