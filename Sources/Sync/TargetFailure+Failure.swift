internal import Connector
internal import SegmentModel

extension TargetFailure {
    /// As an operator reads it: the target's own code behind the sentence.
    var asFailure: Failure {
        Failure(
            failureCode, targetCode.isEmpty ? message : "\(message) (\(targetCode))",
            hint: hintOrDefault)
    }

    var failureCode: Failure.Code {
        switch self.class {
        case .transient: .targetUnavailable
        case .permanent: .targetRefused
        case .values, .repeatedKey: .targetRefusedValues
        }
    }

    /// The failure as one that stops its integration: there is no row to park.
    var stopping: TargetFailure {
        guard self.class == .values || self.class == .repeatedKey, hint == nil else { return self }
        var stopping = self
        stopping.hint =
            "correct the table or the query, then run 'segledger integrations resume NAME'"
        return stopping
    }

    /// What the adapter knows, or what always helps.
    var hintOrDefault: String {
        if let hint { return hint }
        return switch self.class {
        case .transient: "check the target if it lasts; it is tried again"
        case .permanent:
            "correct the query or the target, then run 'segledger integrations resume NAME'"
        case .values, .repeatedKey:
            "correct the profile's field, the table or the query, then run 'segledger parked NAME "
                + "--redrive'"
        }
    }
}
