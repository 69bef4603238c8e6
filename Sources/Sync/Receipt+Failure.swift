internal import Connector
internal import SegmentModel

extension Receipt {
    /// A failure of the integration as a whole, told at the ledger's end.
    init(_ failure: Failure, _ outcome: Outcome, of integration: String, before end: Position) {
        let position = end.predecessor ?? Position(0)
        self.init(
            lane: LaneKey(integration: integration, segment: SegmentID(0)), query: nil,
            outcome: outcome, firstPosition: position, lastPosition: position,
            cursor: LaneCursor(position: nil), epoch: 0)
        fill(failure)
    }

    mutating func fill(_ failure: TargetFailure) {
        errorCode = failure.failureCode.rawValue
        targetCode = failure.targetCode
        errorMessage = failure.message
        errorHint = failure.hintOrDefault
    }

    mutating func fill(_ failure: Failure) {
        errorCode = failure.code.rawValue
        errorMessage = failure.message
        errorHint = failure.hint
    }
}
