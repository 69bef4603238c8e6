package import Ledger
package import Projection
package import SQLTemplate
package import SegmentModel

/// How many members of a scope have the fields that queries read.
package struct FieldCoverage: Hashable, Sendable {
    /// Members that were looked at, each once however many segments it is in.
    package let memberCount: Int
    /// Of those, how many have each field that was asked for.
    package let counts: [ExactText: Int]

    /// Looks at the members of all segments in a scope, as they are now.
    ///
    /// - Parameters:
    ///   - names: fields as the queries name them; `id`, which every profile has, is left out.
    ///   - limit: members to look at, at most; nil: all.
    /// - Complexity: O(members looked at).
    package static func read(
        _ names: Set<ExactText>, in scope: IntegrationDefinition.Scope, limit: Int? = nil,
        ledger: any Ledger, store: ProjectionStore
    ) async throws -> FieldCoverage {
        let names = names.subtracting(["id", "_id"])
        guard !names.isEmpty else { return FieldCoverage(memberCount: 0, counts: [:]) }
        return try await store.read { reader in
            var members = MembershipSet()
            for row in try reader.segments() where row.memberCount > 0 {
                let description = SegmentDescription(
                    databaseID: row.databaseID, tags: row.tags, groups: row.groups)
                guard scope.contains(row.id, description) else { continue }
                members.insert(try reader.members(of: row.id).ordinals[...])
                if let limit, members.count >= limit { break }
            }
            let ordinals = members.ordinals
            let looked = limit.map { ordinals.prefix($0) } ?? ordinals[...]
            return try count(names, looked, reader, ledger)
        }
    }

    private static func count(
        _ names: Set<ExactText>, _ ordinals: ArraySlice<UInt32>, _ reader: ProjectionReader,
        _ ledger: any Ledger
    ) throws -> FieldCoverage {
        var counts = Dictionary(uniqueKeysWithValues: names.map { ($0, 0) })
        // What a number means is asked once.
        var known: [UInt32: ExactText?] = [:]
        let requests = ordinals.map {
            FieldRequest(
                profile: ProfileOrdinal($0), asOf: Position(.max))
        }
        try reader.readFields(requests) { _, number, _, _ in
            if known[number] == nil {
                let name = ExactText(ledger.fieldName(number))
                known.updateValue(names.contains(name) ? name : nil, forKey: number)
            }
            if let name = known[number] ?? nil { counts[name, default: 0] += 1 }
        }
        return FieldCoverage(memberCount: ordinals.count, counts: counts)
    }

    /// What is to be said of a query's fields: nothing of those that every member has.
    package func diagnostics(
        _ template: CompiledTemplate, source: String
    ) -> [TemplateDiagnostic] {
        template.fieldKeys.compactMap { name in
            guard let count = counts[name], count < memberCount else { return nil }
            let written = source.utf8.firstRange(of: ".\(name)".utf8)?.lowerBound
            let listed = source.utf8.firstRange(of: "\"\(name)\"".utf8)?.lowerBound
            let place = (written ?? listed).map {
                source.utf8.distance(from: source.utf8.startIndex, to: $0) + 1
            }
            return TemplateDiagnostic(
                .warning, at: place ?? 0, in: source, rule: "field",
                message:
                    "\(count) of \(memberCount) members in the integration's scope have \(name)",
                hint:
                    "for the others '{…}' is empty, {…} is NULL and batch_in leaves them out: name "
                    + "a field that all have, for example id")
        }
    }
}
