internal import Connector
internal import SegmentModel

extension Receipt {
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
