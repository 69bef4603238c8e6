internal import SQLTemplate
internal import SegmentModel

/// Reads one integration of a file.
struct IntegrationReader {
    private static let keys = [
        "description", "active", "scope", "connector", "batch", "coalesce", "queries",
        "member_key", "start", "updates",
    ]
    private static let batchTimeouts = 1...86_400_000

    let name: String
    let path: String
    /// Connectors by name, as they will stand; nil for one whose own definition is faulty.
    let connectors: [String: SQLRules?]
    let forms: [ConnectorForm]
    let checkQuery: ConfigurationFile.QueryCheck

    func read(_ node: YAMLNode, _ faults: inout FaultCollector) -> IntegrationDefinition? {
        guard let members = faults.members(of: node, path, known: Self.keys) else { return nil }
        let description = faults.text(members["description"], "\(path).description")
        let isActive = faults.boolean(members["active"], "\(path).active")
        let scope = readScope(members["scope"], &faults)
        let connector = readConnector(members["connector"], &faults)
        let (batch, timeout) = readBatch(members["batch"], &faults)
        let isCoalesced = readCoalesce(
            members["coalesce"], rules: connector.flatMap { connectors[$0] ?? nil }, &faults)
        let queries = readQueries(
            members["queries"], rules: connector.flatMap { connectors[$0] ?? nil },
            batch: batch, coversOneSegment: scope?.isOneSegment ?? false, &faults)
        let memberKey = members["member_key"].flatMap {
            faults.requiredText($0, "\(path).member_key")
        }
        if queries?[.members] != nil, members["member_key"] == nil {
            faults.add(
                "\(path).member_key", "is missing",
                hint: "name the field that the members query returns, for example CustomID")
        }
        let start = faults.word(
            members["start"], "\(path).start", IntegrationDefinition.Start.self)
        let updates = faults.word(
            members["updates"], "\(path).updates", IntegrationDefinition.Updates.self)
        guard let scope, let connector, let queries else { return nil }
        var definition = IntegrationDefinition(
            name: name, scope: scope, connector: connector, queries: queries)
        definition.description = description ?? definition.description
        definition.isActive = isActive
        definition.batch = batch
        definition.batchTimeoutMilliseconds = timeout ?? definition.batchTimeoutMilliseconds
        definition.isCoalesced = isCoalesced
        definition.memberKey = memberKey
        definition.start = start ?? definition.start
        definition.updates = updates ?? definition.updates
        return definition
    }

    private func readConnector(_ node: YAMLNode?, _ faults: inout FaultCollector) -> String? {
        let path = "\(path).connector"
        let hint = "name one of the connectors"
        guard let connector = faults.requiredText(node, path, hint: hint) else { return nil }
        guard connectors[connector] != nil else {
            let names = connectors.keys.sorted()
            faults.add(
                path, "no such connector",
                hint: nearest(connector, names)
                    ?? (names.isEmpty
                        ? "define it under connectors"
                        : "known connectors are \(names.joined(separator: ", "))"))
            return nil
        }
        return connector
    }

    private func readBatch(
        _ node: YAMLNode?, _ faults: inout FaultCollector
    ) -> (IntegrationDefinition.BatchMode, timeoutMilliseconds: Int?) {
        let standard = IntegrationDefinition.BatchMode.batch(
            size: IntegrationDefinition.batchSizeStandard)
        guard let node else { return (standard, nil) }
        let path = "\(path).batch"
        let hint = "write { size: 1000, timeout: 60s } or individual"
        if case .text(let text) = node {
            if text == "individual" { return (.individual, nil) }
            faults.add(path, "must be a size and timeout or the word individual", hint: hint)
            return (standard, nil)
        }
        guard
            let members = faults.members(of: node, path, known: ["size", "timeout"], hint: hint)
        else { return (standard, nil) }
        let size = faults.integer(members["size"], "\(path).size", in: 1...Limits.batchSizeMax)
        let timeout = faults.duration(
            members["timeout"], "\(path).timeout", in: Self.batchTimeouts)
        return (size.map { .batch(size: $0) } ?? standard, timeout)
    }

    private func readCoalesce(
        _ node: YAMLNode?, rules: SQLRules?, _ faults: inout FaultCollector
    ) -> Bool {
        let path = "\(path).coalesce"
        let isCoalesced = faults.boolean(node, path) ?? false
        if isCoalesced, let form = forms.first(where: { $0.kind == rules?.kind }),
            form.bestGrade != .exactlyOnce
        {
            faults.add(
                path, "needs a target with transactions, which \(form.title) is not",
                hint: "leave it out: changes are then sent one after the other")
        }
        return isCoalesced
    }

    private func readQueries(
        _ node: YAMLNode?, rules: SQLRules?, batch: IntegrationDefinition.BatchMode,
        coversOneSegment: Bool, _ faults: inout FaultCollector
    ) -> [QueryKind: String]? {
        let path = "\(path).queries"
        let hint = "write add_profiles and remove_profiles, each with its SQL"
        guard let node else {
            faults.add(path, "is missing", hint: hint)
            return nil
        }
        let known = QueryKind.allCases.map(\.rawValue)
        guard let members = faults.members(of: node, path, known: known, hint: hint) else {
            return nil
        }
        var queries: [QueryKind: String] = [:]
        for query in QueryKind.allCases {
            let queryPath = "\(path).\(query.rawValue)"
            guard let value = members[query.rawValue] else {
                if query.isMandatory {
                    faults.add(queryPath, "is missing", hint: "every integration has this query")
                }
                continue
            }
            let leaveOut = query.isMandatory ? "write its SQL" : "leave the key out"
            guard let source = faults.requiredText(value, queryPath, hint: leaveOut) else {
                continue
            }
            guard source.utf8.count <= Limits.templateByteCountMax else {
                faults.add(queryPath, "is longer than \(Limits.templateByteCountMax) bytes")
                continue
            }
            queries[query] = source
            guard let rules else { continue }
            let use = QueryUse(query, batch: batch, coversOneSegment: coversOneSegment)
            faults.add(checkQuery(rules, use, source), queryPath, of: source)
        }
        return queries
    }
}
