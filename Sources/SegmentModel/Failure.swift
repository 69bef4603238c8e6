/// An error that crosses modules: what happened, where, and what to do next.
///
/// `message` is one sentence without a full stop at its end and never holds a profile value, an
/// SQL argument or a secret (INV-10). docs/reference/errors.md lists the codes.
package struct Failure: Error, Hashable, Sendable {
    /// Stable names; scripts and the HTTP API rely on them.
    package enum Code: String, CaseIterable, Sendable {
        /// A command's arguments make no sense.
        case usageInvalid = "usage_invalid"
        /// A configuration file or a stored configuration breaks a rule.
        case configurationInvalid = "configuration_invalid"
        /// A query template breaks a rule.
        case templateInvalid = "template_invalid"
        /// Events were refused; nothing of the request was appended.
        case inputRefused = "input_refused"
        /// No such segment, profile, integration, connector or position.
        case notFound = "not_found"
        /// Another process holds the data directory.
        case ledgerLocked = "ledger_locked"
        /// Something that was acknowledged fails its checksum or is missing.
        case ledgerCorrupt = "ledger_corrupt"
        /// A write or a sync failed: whether the last events are durable is unknown.
        case ledgerPoisoned = "ledger_poisoned"
        /// A file was written by a later version.
        case formatUnknown = "format_unknown"
        /// The disk is full; nothing was written.
        case storageFull = "storage_full"
        /// The data directory cannot be written.
        case storageReadOnly = "storage_read_only"
        /// Any other failure of the file system.
        case storageFailed = "storage_failed"
        /// A projection disagrees with the ledger.
        case projectionInvalid = "projection_invalid"
        /// A target cannot be reached just now; worth trying again.
        case targetUnavailable = "target_unavailable"
        /// A target refuses the query or the credentials; trying again will not help.
        case targetRefused = "target_refused"
        /// A target refuses the values of a batch.
        case targetRefusedValues = "target_refused_values"
        /// Another worker, or another ledger, owns this lane's cursor.
        case cursorFenced = "cursor_fenced"
        /// Deliveries would guarantee less than they did.
        case gradeLowered = "grade_lowered"
        /// Events remain undelivered or parked.
        case workRemains = "work_remains"
        /// The operator stopped the command.
        case interrupted = "interrupted"
    }

    package let code: Code
    package let message: String
    /// What to do next, as a sentence or a command.
    package let hint: String?

    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// The same failure with a gerund in front, for example "opening the ledger: …".
    package func wrapped(_ doing: String) -> Failure {
        Failure(code, "\(doing): \(message)", hint: hint)
    }
}

extension Failure: CustomStringConvertible {
    package var description: String {
        hint.map { "\(message) (hint: \($0))" } ?? message
    }
}
