import Connector
import KindTesting
import SQLTemplate
import SegmentModel
import Testing

@testable import Sync

/// What is known of an integration before anything runs.
@Suite("An integration's queries decide what its deliveries guarantee")
struct IntegrationPlanTests {
    private func plan(_ change: (inout IntegrationDefinition) -> Void) throws -> IntegrationPlan {
        let batch = "{for $l = $batch}('{$l.id}'){autocomma}{end}"
        var definition = IntegrationDefinition(
            name: "crm", scope: .init(databaseID: 1, segments: .all), connector: "warehouse",
            queries: [
                .addProfiles: "INSERT INTO people (id) VALUES \(batch)",
                .removeProfiles: "DELETE FROM people WHERE id IN ({batch_in \"id\"})",
            ])
        definition.isCoalesced = true
        change(&definition)
        return try IntegrationPlan(
            definition, ConnectorDefinition(name: "warehouse", kind: .mysql, url: "mysql://h/d"),
            SQLDialect(.mysql))
    }

    @Test("INV-6: a query that commits by itself lowers the grade, and says which")
    func commitsByItself() throws {
        let plain = try plan { $0.queries[.clearSegment] = "DELETE FROM people" }
        #expect(plain.grade(over: .transactional, GradeFacts()).grade == .exactlyOnce)
        #expect(!plain.commitsByItself(.segmentCleared))
        let truncating = try plan { $0.queries[.clearSegment] = "TRUNCATE TABLE people" }
        let grade = truncating.grade(over: .transactional, GradeFacts())
        #expect(grade.grade == .atLeastOnce)
        #expect(grade.reason?.contains("clear_segment") == true)
        #expect(truncating.commitsByItself(.segmentCleared))
        // It runs when a segment is deleted, too.
        #expect(truncating.commitsByItself(.segmentDeleted))
        #expect(!truncating.commitsByItself(.profilesAdded))
    }

    @Test("INV-6: changes are not mixed where a query for one kind of them commits by itself")
    func coalesces() throws {
        #expect(try plan { _ in }.coalesces)
        for kind in [QueryKind.addProfiles, .removeProfiles] {
            let committing = try plan { $0.queries[kind]! += "; TRUNCATE TABLE waiting" }
            #expect(!committing.coalesces, "\(kind)")
            #expect(!committing.bindableKinds.contains(kind.changeKind), "\(kind)")
        }
    }

    @Test("INV-6: what a target does with repeated blocks decides, and its reason is kept")
    func repeatedBlocks() throws {
        let plan = try plan { _ in }
        #expect(
            plan.grade(over: .fenceOnly, GradeFacts(repeats: [.dropped, .collapsed])).grade
                == .effectivelyOnce)
        let kept = plan.grade(
            over: .fenceOnly,
            GradeFacts(repeats: [.dropped, .kept(reason: "people keeps all", hint: "mend it")]))
        #expect(kept.grade == .atLeastOnce)
        #expect(kept.reason == "people keeps all (mend it)")
        let plain = GradeFacts(repeats: [.kept(reason: "people keeps all", hint: nil)])
        #expect(plan.grade(over: .fenceOnly, plain).reason == "people keeps all")
    }
}
