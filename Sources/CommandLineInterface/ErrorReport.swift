internal import SegmentModel

/// Errors as people see them: one sentence, then the hint; and as scripts see them: the exit code.
enum ErrorReport {
    static func print(_ failure: Failure) {
        Terminal.printError("segledger: \(failure.message)")
        if let hint = failure.hint { Terminal.printError("hint: \(hint)") }
    }

    /// A hint that speaks of integration NAME, with the name.
    static func hint(_ hint: String, for name: String) -> String {
        hint.replacing("resume NAME", with: "resume \(name)")
            .replacing("resync NAME", with: "resync \(name)")
            .replacing("parked NAME", with: "parked \(name)")
    }

    /// DESIGN's exit codes (docs/reference/errors.md).
    static func exitCode(_ code: Failure.Code) -> Int32 {
        switch code {
        case .usageInvalid, .configurationInvalid, .templateInvalid: 2
        case .inputRefused: 3
        case .ledgerCorrupt, .formatUnknown, .projectionInvalid: 4
        case .workRemains: 5
        case .notFound, .ledgerLocked, .ledgerPoisoned, .storageFull, .storageReadOnly,
            .storageFailed, .targetUnavailable, .targetRefused, .targetRefusedValues,
            .cursorFenced, .gradeLowered, .interrupted:
            1
        }
    }
}
