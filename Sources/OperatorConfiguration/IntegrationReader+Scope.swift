internal import EventJSON
internal import SegmentModel

/// The scope: a database and its segments.
extension IntegrationReader {
    private static var scopeHint: String { "write { database_id: 1, segments: all }" }
    private static var segmentsHint: String {
        "write all, { ids: [..] }, { tags: [..] } or { groups: [..] }"
    }

    func readScope(
        _ node: YAMLNode?, _ faults: inout FaultCollector
    ) -> IntegrationDefinition.Scope? {
        let path = "\(path).scope"
        guard let node else {
            faults.add(path, "is missing", hint: Self.scopeHint)
            return nil
        }
        guard
            let members = faults.members(
                of: node, path, known: ["database_id", "segments"], hint: Self.scopeHint)
        else { return nil }
        let database = faults.integer(
            members["database_id"], "\(path).database_id", in: Int64.min...Int64.max)
        guard let segments = members["segments"] else {
            return IntegrationDefinition.Scope(databaseID: database ?? 1, segments: .all)
        }
        return readSelection(segments, "\(path).segments", &faults).map {
            IntegrationDefinition.Scope(databaseID: database ?? 1, segments: $0)
        }
    }

    private func readSelection(
        _ node: YAMLNode, _ path: String, _ faults: inout FaultCollector
    ) -> IntegrationDefinition.Selection? {
        if case .text(let text) = node {
            if text == "all" { return .all }
            faults.add(path, "must be all, ids, tags or groups", hint: Self.segmentsHint)
            return nil
        }
        let keys = ["ids", "tags", "groups"]
        guard
            let members = faults.members(of: node, path, known: keys, hint: Self.segmentsHint)
        else { return nil }
        let given = keys.filter { members[$0] != nil }
        guard given.count == 1, let value = members[given[0]] else {
            faults.add(path, "must have one of ids, tags and groups", hint: Self.segmentsHint)
            return nil
        }
        let listPath = "\(path).\(given[0])"
        guard case .list(let values) = value else {
            faults.add(listPath, "must be a list, not \(value.name)", hint: Self.segmentsHint)
            return nil
        }
        guard !values.isEmpty else {
            faults.add(listPath, "must not be empty", hint: "write all for every segment")
            return nil
        }
        if given[0] == "ids" {
            return .ids(readIDs(values, listPath, &faults))
        }
        var labels: [String] = []
        for (index, value) in values.enumerated() {
            if let label = faults.requiredText(value, "\(listPath)[\(index)]") {
                labels.append(label)
            }
        }
        return given[0] == "tags" ? .tags(labels) : .groups(labels)
    }

    private func readIDs(
        _ values: [YAMLNode], _ path: String, _ faults: inout FaultCollector
    ) -> [SegmentID] {
        var ids: [SegmentID] = []
        for (index, value) in values.enumerated() {
            let id = faults.integer(value, "\(path)[\(index)]", in: Int64.min...Int64.max)
            if let id { ids.append(SegmentID(id)) }
        }
        return ids
    }

    func nearest(_ name: String, _ names: [String]) -> String? {
        nearestName(to: name, in: names).map { "did you mean \($0)?" }
    }
}
