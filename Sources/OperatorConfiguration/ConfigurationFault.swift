package import SegmentModel

/// One rule that a configuration breaks. Holds no secret and no part of a URL (INV-10).
package struct ConfigurationFault: Hashable, Sendable {
    /// For example `integrations.crm-segments.queries.add_profiles:2:7` (line and column inside
    /// the template) or, where the file is no YAML, `4:1` (inside the file).
    package var path: String
    package var rule: String
    package var hint: String?

    package init(path: String, rule: String, hint: String? = nil) {
        self.path = path
        self.rule = rule
        self.hint = hint
    }
}

extension ConfigurationFault: CustomStringConvertible {
    /// One line: path and rule.
    package var description: String { path.isEmpty ? rule : "\(path): \(rule)" }
}

/// Every fault of a configuration, in the order of the file; never empty.
package struct ConfigurationFaults: Error, Hashable, Sendable {
    package let faults: [ConfigurationFault]

    package init(_ faults: [ConfigurationFault]) {
        precondition(!faults.isEmpty, "a refused configuration has a fault")
        self.faults = faults
    }

    /// The faults as one failure, each on a line with its hint where there are several.
    package var failure: Failure {
        guard faults.count > 1 else {
            return Failure(.configurationInvalid, faults[0].description, hint: faults[0].hint)
        }
        let lines = faults.map { fault in
            "\n  \(fault)" + (fault.hint.map { "\n    hint: \($0)" } ?? "")
        }
        return Failure(
            .configurationInvalid,
            "the configuration has \(faults.count) faults; nothing was changed:\(lines.joined())",
            hint: "correct them and apply the file again")
    }
}
