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
        case .values, .repeatedKey, .tooLarge: .targetRefusedValues
        }
    }

    /// The failure as one that stops its integration: there is no row to park.
    var stopping: TargetFailure {
        guard self.class.isAboutRows else { return self }
        var stopping = self
        stopping.hint = Self.resuming(hint ?? reading("correct the table or the query"))
        stopping.whereToRead = nil
        return stopping
    }

    /// What the adapter knows, or what always helps, and how to go on.
    var hintOrDefault: String {
        switch self.class {
        case .transient: hint ?? reading("check the target if it lasts; it is tried again")
        case .permanent: Self.resuming(hint ?? reading("correct the query or the target"))
        case .values, .repeatedKey, .tooLarge:
            hint
                ?? reading(
                    "correct the profile's field, the table or the query, then run "
                        + "'segledger parked NAME --redrive'")
        }
    }

    /// Where the target's own words were kept back: first, how to read them.
    private func reading(_ hint: String) -> String {
        whereToRead.map { "\($0), and \(hint)" } ?? hint
    }

    private static func resuming(_ hint: String) -> String {
        hinting(hint, "'segledger integrations resume NAME'")
    }

    private static func hinting(_ hint: String, _ command: String) -> String {
        hint.hasSuffix(command) ? hint : "\(hint), then run \(command)"
    }

    /// As what ended a rebuild: it is asked for again once the reason is mended.
    var endingRebuild: Failure {
        Failure(
            failureCode, asFailure.message,
            hint: Self.hinting(
                hint ?? reading("correct the table or the query"), "'segledger resync NAME'"))
    }
}
