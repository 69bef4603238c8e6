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
        guard self.class == .values || self.class == .repeatedKey else { return self }
        var stopping = self
        stopping.hint = Self.resuming(hint ?? "correct the table or the query")
        return stopping
    }

    /// What the adapter knows, or what always helps, and how to go on.
    var hintOrDefault: String {
        switch self.class {
        case .transient: hint ?? "check the target if it lasts; it is tried again"
        case .permanent: Self.resuming(hint ?? "correct the query or the target")
        case .values, .repeatedKey:
            hint
                ?? "correct the profile's field, the table or the query, then run "
                + "'segledger parked NAME --redrive'"
        }
    }

    private static func resuming(_ hint: String) -> String {
        let command = "'segledger integrations resume NAME'"
        return hint.hasSuffix(command) ? hint : "\(hint), then run \(command)"
    }
}
