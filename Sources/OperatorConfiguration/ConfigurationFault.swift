package import SQLTemplate
package import SegmentModel

/// One rule that a configuration breaks, or something that it would be wiser to write otherwise.
/// Holds no secret and no part of a URL (INV-10).
package struct ConfigurationFault: Hashable, Sendable {
    /// Where in a query: what the compiler of templates says, and the line that it is about.
    package struct QueryPlace: Hashable, Sendable {
        package var line: Int
        package var column: Int
        /// The compiler's word for the rule.
        package var word: String
        /// The line and a caret below the place.
        package var excerpt: String
    }

    /// For example `integrations.crm-segments.queries.add_profiles:2:7` (line and column inside
    /// the template) or, where the file is no YAML, `4:1` (inside the file).
    package var path: String
    package var rule: String
    package var hint: String?
    /// The file can be applied unless this is an error.
    package var severity = TemplateDiagnostic.Severity.error
    /// nil: it is not about a query's text.
    package var query: QueryPlace?

    package init(path: String, rule: String, hint: String? = nil) {
        self.path = path
        self.rule = rule
        self.hint = hint
    }

    /// What the compiler says of the query at `path`.
    package init(_ diagnostic: TemplateDiagnostic, path: String, source: String) {
        self.path = "\(path):\(diagnostic.line):\(diagnostic.column)"
        rule = diagnostic.message
        hint = diagnostic.hint
        severity = diagnostic.severity
        query = QueryPlace(
            line: diagnostic.line, column: diagnostic.column, word: diagnostic.rule,
            excerpt: diagnostic.sourceExcerpt(in: source))
    }
}

extension ConfigurationFault: CustomStringConvertible {
    /// One line: path and rule.
    package var description: String { path.isEmpty ? rule : "\(path): \(rule)" }
}

/// What was found in a configuration file, and what it asks for.
package struct ConfigurationReport: Sendable {
    /// Faults, warnings and notes, in the order of the file.
    package let findings: [ConfigurationFault]
    /// nil: the file has a fault.
    package let change: ConfigurationChange?
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
