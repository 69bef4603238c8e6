import Connector
import KindTesting
import OperatorConfiguration
import SQLTemplate
import SegmentModel

/// A stand-in for the template compiler: every line that holds `BAD` is wrong.
func checkQuery(
    rules: SQLRules, use: QueryUse, source: String
) -> [TemplateDiagnostic] {
    let isBatch = use.batch != .individual
    var faults: [TemplateDiagnostic] = []
    for (index, line) in source.split(separator: "\n", omittingEmptySubsequences: false)
        .enumerated()
    {
        guard let range = line.firstRange(of: "BAD") else { continue }
        let column = line.distance(from: line.startIndex, to: range.lowerBound) + 1
        faults.append(
            TemplateDiagnostic(
                severity: .error, line: index + 1, column: column,
                message: "is bad for \(rules.kind.rawValue) \(isBatch ? "batches" : "profiles")",
                hint: "write it well", rule: "bad"))
    }
    return faults
}

func parse(
    _ text: String, existing: [String: ConnectorDefinition] = [:],
    reachableKinds: [ConnectorKind] = [.postgresql, .mysql, .sqlite]
) throws(ConfigurationFaults) -> ConfigurationChange {
    try ConfigurationFile.parse(
        text, existingConnectors: existing, forms: reachableKinds.map(\.factory.form),
        checkQuery: checkQuery)
}

/// A connector `c` and an integration `i` with the given lines (YAML flow) in its mapping.
func integration(_ members: String) -> String {
    """
    connectors: { c: { kind: sqlite, url: "/tmp/x.db" } }
    integrations:
      i: { \(members) }
    """
}

let whole = "scope: {}, connector: c, queries: { add_profiles: A, remove_profiles: R }"

func connector(_ members: String) -> String {
    "connectors: { c: { \(members) } }"
}
