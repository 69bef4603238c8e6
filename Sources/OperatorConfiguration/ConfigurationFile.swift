package import SQLTemplate
package import SegmentModel

/// Reads a configuration file (docs/reference/configuration.md). JSON is YAML, so the same function
/// reads the objects of the HTTP API.
package enum ConfigurationFile {
    /// Compiles a query for a database and says what is wrong with it, and what is unwise.
    package typealias QueryCheck = (
        _ rules: SQLRules, _ use: QueryUse, _ source: String
    ) -> [TemplateDiagnostic]

    static let nameByteCountMax = Limits.nameByteCountMax

    /// What is to be said of a file, and the change that it asks for if it has no fault. Reads the
    /// whole file and reports everything at once; `ConfigurationState.faults(applying:)` adds the
    /// faults of objects that the file does not name.
    ///
    /// No finding holds a password, a URL or a part of the file beside its keys and its queries
    /// (INV-10).
    ///
    /// - Parameter forms: of the kinds of database that this build reaches.
    package static func read(
        _ text: String, existingConnectors: [String: ConnectorDefinition],
        forms: [ConnectorForm], checkQuery: QueryCheck
    ) -> ConfigurationReport {
        let root: YAMLNode
        do throws(ConfigurationFaults) {
            root = try YAMLNode.parse(text)
        } catch {
            return ConfigurationReport(findings: error.faults, change: nil)
        }
        return withoutActuallyEscaping(checkQuery) { checkQuery in
            var reader = Reader(
                existing: existingConnectors, forms: forms, checkQuery: checkQuery)
            reader.read(root)
            return ConfigurationReport(
                findings: reader.faults.findings,
                change: reader.faults.hasErrors ? nil : reader.change)
        }
    }

    /// The change that a file asks for.
    ///
    /// - Throws: every fault of the file at once, as `read` finds them.
    package static func parse(
        _ text: String, existingConnectors: [String: ConnectorDefinition],
        forms: [ConnectorForm], checkQuery: QueryCheck
    ) throws(ConfigurationFaults) -> ConfigurationChange {
        let report = read(
            text, existingConnectors: existingConnectors, forms: forms,
            checkQuery: checkQuery)
        guard let change = report.change else {
            throw ConfigurationFaults(report.findings.filter { $0.severity == .error })
        }
        return change
    }

    private struct Reader {
        let existing: [String: ConnectorDefinition]
        let forms: [ConnectorForm]
        let checkQuery: QueryCheck
        var faults = FaultCollector()
        var change = ConfigurationChange()

        mutating func read(_ root: YAMLNode) {
            let hint = "write connectors: and integrations:, or one of them"
            if case .null = root { return faults.add("", "the file is empty", hint: hint) }
            guard
                let members = faults.members(
                    of: root, "", known: ["connectors", "integrations"], hint: hint)
            else { return }
            let rules = readConnectors(members["connectors"])
            readIntegrations(members["integrations"], connectors: rules)
        }

        /// The connectors as they will stand.
        private mutating func readConnectors(_ node: YAMLNode?) -> [String: SQLRules?] {
            var rules = existing.mapValues { Optional($0.sqlRules) }
            for (name, value) in entries(node, "connectors") {
                let path = "connectors.\(name)"
                guard faults.checkName(name, path) else { continue }
                if case .null = value {
                    rules[name] = nil
                    change.connectors.append((name, nil))
                    continue
                }
                var reader = ConnectorReader(
                    name: name, path: path, forms: forms, existing: existing[name])
                let definition = reader.read(value, &faults)
                rules.updateValue(definition?.sqlRules, forKey: name)
                if let definition { change.connectors.append((name, definition)) }
                readSecret(reader.storedSecret, of: name, path)
            }
            return rules
        }

        private mutating func readSecret(_ given: String?, of name: String, _ path: String) {
            guard let given else { return }
            do throws(SecretText.Problem) {
                change.storedSecrets[name] = try SecretText.read(given.utf8)
            } catch {
                faults.add("\(path).password", error.rule, hint: error.hint)
            }
        }

        private mutating func readIntegrations(
            _ node: YAMLNode?, connectors: [String: SQLRules?]
        ) {
            for (name, value) in entries(node, "integrations") {
                let path = "integrations.\(name)"
                guard faults.checkName(name, path) else { continue }
                if case .null = value {
                    change.integrations.append((name, nil))
                    continue
                }
                let reader = IntegrationReader(
                    name: name, path: path, connectors: connectors, forms: forms,
                    checkQuery: checkQuery)
                if let definition = reader.read(value, &faults) {
                    change.integrations.append((name, definition))
                }
            }
        }

        private mutating func entries(
            _ node: YAMLNode?, _ path: String
        ) -> [(key: String, value: YAMLNode)] {
            switch node {
            case nil, .null: return []
            case .mapping(let pairs): return pairs
            case .some(let other):
                faults.add(
                    path, "must be a mapping of names, not \(other.name)",
                    hint: "write each name with its object")
                return []
            }
        }
    }
}
