import Connector
import SegmentModel
import Testing

@testable import Sync

@Suite("What an operator reads of a target's failure")
struct FailureTextTests {
    private func failure(_ class: TargetFailure.Class, hint: String? = nil) -> TargetFailure {
        TargetFailure(class: `class`, targetCode: "X", message: "no", hint: hint)
    }

    @Test("Each class has its code, and a way out")
    func codes() {
        for (known, code) in [
            (TargetFailure.Class.transient, Failure.Code.targetUnavailable),
            (.permanent, .targetRefused), (.values, .targetRefusedValues),
            (.repeatedKey, .targetRefusedValues),
        ] {
            #expect(failure(known).failureCode == code)
            #expect(failure(known).asFailure.message == "no (X)")
            #expect(!failure(known).hintOrDefault.isEmpty)
            #expect(failure(known, hint: "mend it").hintOrDefault.hasPrefix("mend it"))
        }
    }

    @Test("What stops an integration says how to go on, once")
    func resuming() {
        let command = "'segledger integrations resume NAME'"
        let stopping = [
            failure(.permanent), failure(.permanent, hint: "mend it"), failure(.values).stopping,
            failure(.values, hint: "mend it").stopping, failure(.repeatedKey).stopping,
            failure(.permanent, hint: "mend it, then run \(command)"),
            failure(.values).stopping.stopping,
        ]
        for failure in stopping {
            #expect(failure.hintOrDefault.hasSuffix(command), "\(failure.hintOrDefault)")
            #expect(failure.hintOrDefault.components(command) == 1)
        }
        #expect(!failure(.transient).hintOrDefault.contains(command))
    }
}

extension String {
    /// How often a text stands in it.
    fileprivate func components(_ text: String) -> Int { ranges(of: text).count }
}
