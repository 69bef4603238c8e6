internal import Connector
internal import Crypto
internal import Projection
package import SQLTemplate
package import SegmentModel

/// An integration made ready to run: its definition and its compiled queries.
package struct IntegrationPlan: Sendable {
    package struct Query: Sendable {
        package let template: CompiledTemplate
        /// SHA-256 of the template's text, in lower-case hex: what receipts name.
        package let templateSHA256: String
    }

    package let definition: IntegrationDefinition
    package let connector: ConnectorDefinition
    let queries: [QueryKind: Query]
    /// Queries that end their transaction by themselves, as definitions do on some databases.
    let committingQueries: [QueryKind]
    /// The queries for profiles do nothing but write rows: nothing in them can end a transaction.
    let writesOnlyRows: Bool
    /// Profiles of one query at most.
    private(set) var batchSize: Int
    /// What a query wrote is taken back, or committed, with its transaction.
    private(set) var isTakenBack = true
    /// The fields that rows follow.
    let rowFields: RowFields
    /// What all lanes have in common of them.
    let following = RowFollowing()
    /// A profile that lacks one of these has no row: no removal would find it.
    let rowKey: [ExactText]

    /// - Throws: `templateInvalid` if a stored query does not compile any more.
    package init(
        _ definition: IntegrationDefinition, _ connector: ConnectorDefinition,
        _ dialect: SQLDialect
    ) throws {
        let compiled = try CompiledQueries(definition, connector, dialect)
        self.definition = definition
        self.connector = connector
        queries = Dictionary(
            uniqueKeysWithValues: compiled.templates.map { kind, template in
                let digest = SHA256.hash(data: Array((definition.queries[kind] ?? "").utf8))
                let text = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                return (kind, Query(template: template, templateSHA256: text))
            })
        committingQueries = compiled.committing
        batchSize = compiled.batchSize
        rowFields = RowFields(definition)
        rowKey = compiled.templates[.removeProfiles].map { QueryFields($0).written } ?? []
        let verbs: Set<String> = ["INSERT", "REPLACE", "UPDATE", "DELETE"]
        writesOnlyRows = [.addProfiles, .removeProfiles].allSatisfy { kind in
            compiled.templates[kind]?.statements.allSatisfy { verbs.contains($0.verb) } ?? true
        }
    }

    /// The failure with what of the target's words stands in the operator's (INV-10).
    func told(_ failure: TargetFailure) -> TargetFailure {
        failure.told(
            in: QueryVocabulary(queries.values.map(\.template), names: [connector.url]))
    }

    /// Whether a batch's delivery has a query that ends its transaction by itself.
    func commitsByItself(_ batch: LaneBatch) -> Bool {
        if !isTakenBack { return true }
        if committingQueries.isEmpty { return false }
        return commitsByItself(batch.kind)
            || (batch.savesSegment && committingQueries.contains(.saveSegment))
            || batch.parts.contains { committingQueries.contains($0.query) }
    }

    /// Whether the delivery of such an event has a query that ends its transaction by itself.
    func commitsByItself(_ kind: EventKind) -> Bool {
        !isTakenBack
            || committingQueries.contains { query in
                query == kind.query || (query == .clearSegment && kind == .segmentDeleted)
            }
    }

    /// The kinds of events whose values may go beside the text.
    var bindableKinds: Set<EventKind> {
        Set([.profilesAdded, .profilesRemoved].filter { !commitsByItself($0) })
    }

    /// The tables that the queries write.
    var tables: GradeFacts.Tables {
        GradeFacts.Tables(
            queries.sorted { $0.key.rawValue < $1.key.rawValue }
                .flatMap(\.value.template.statements))
    }

    func place(_ segment: SegmentID?, _ query: QueryKind?) -> SyncPlace {
        SyncPlace(segment: segment, query: query, tables: query.map(tables(of:)) ?? [])
    }

    /// The tables that a query writes, as it names them, each once.
    func tables(of kind: QueryKind) -> [String] {
        writtenTables(of: kind).map { $0.map(\.text).joined(separator: ".") }
    }

    private func writtenTables(of kind: QueryKind) -> [[QueryStatement.Name]] {
        var tables: [[QueryStatement.Name]] = []
        for statement in queries[kind]?.template.statements ?? [] {
            let isKnown = tables.contains { $0.map(\.text) == statement.table.map(\.text) }
            if !statement.table.isEmpty, !isKnown { tables.append(statement.table) }
        }
        return tables
    }

    /// The plan for tables that take nothing back: each query is a delivery of its own, and of one
    /// profile, unless it bears that a part of it is there already.
    func over(_ facts: GradeFacts) -> IntegrationPlan {
        guard facts.worst?.effect == .outsideTransaction else { return self }
        var plan = self
        plan.isTakenBack = false
        if !bearsRepeats { plan.batchSize = 1 }
        return plan
    }

    private var bearsRepeats: Bool {
        [.addProfiles, .removeProfiles].allSatisfy { kind in
            queries[kind]?.template.statements.allSatisfy {
                $0.verb == "DELETE" || $0.settlesRepeats
            } ?? true
        }
    }

    /// What deliveries over a session guarantee, and why not more (INV-6).
    func grade(over support: CursorSupport, _ facts: GradeFacts) -> GradeRecord {
        func record(_ grade: DeliveryGrade, _ reason: String? = nil) -> GradeRecord {
            GradeRecord(integration: definition.name, grade: grade, reason: reason)
        }
        switch support {
        case .refused(let failure):
            return record(
                .atLeastOnce,
                "the table segledger_cursor may not be created or written: "
                    + failure.message)
        case .fenceOnly:
            for case .kept(let reason, let hint) in facts.repeats {
                return record(.atLeastOnce, hint.map { "\(reason) (\($0))" } ?? reason)
            }
            return record(.effectivelyOnce)
        case .transactional:
            let flaw = facts.worst
            if let flaw, flaw.effect == .outsideTransaction {
                return record(.atLeastOnce, flaw.sentence)
            }
            if let kind = committingQueries.first {
                return record(
                    .atLeastOnce,
                    "\(kind.rawValue) commits by itself on \(connector.kind.rawValue)")
            }
            if let flaw, flaw.effect == .lostInCrash {
                return record(.atLeastOnce, flaw.sentence)
            }
            return record(.exactlyOnce, flaw?.sentence)
        }
    }

    /// Of several changes of a profile in one batch only the last is sent. Where a query commits by
    /// itself two kinds of them do not go together.
    var coalesces: Bool {
        definition.isCoalesced && !commitsByItself(.profilesAdded)
            && !commitsByItself(.profilesRemoved)
    }

    /// Profiles of one delivery at most: in individual mode many small queries share a transaction.
    var deliverySize: Int {
        guard isTakenBack else { return batchSize }
        switch definition.batch {
        case .individual: return 100
        case .batch(let size): return size
        }
    }
}
