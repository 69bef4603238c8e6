import Ledger
import Projection
import SegmentModel
import ServerTesting
import Testing

@testable import Sync

@Suite("INV-11: changes from before fields were followed")
struct EarlierRowChangeTests {
    private func changes(
        _ rows: LaneRows, after position: Position?, before end: Position
    ) throws -> [RowChange] {
        var changes = try rows.changes(after: position)
        var found: [RowChange] = []
        while let change = try changes.next(before: end) { found.append(change) }
        return found
    }

    @Test("A few at a time they are the same as all at once, from anywhere")
    func windows() async throws {
        let world = try World()
        world.definition.queries[.addProfiles] =
            "ADD {segment_id}, {for $l = $batch}'{$l.age}'{autocomma}{end}"
        var random = SeededGenerator()
        for _ in 0..<60 {
            let kinds: [EventKind] = [.profilesUpdated, .profilesAdded, .profilesRemoved]
            let kind = kinds.randomElement(using: &random)!
            let segment = kind == .profilesUpdated ? 0 : Int64.random(in: 1...2, using: &random)
            let numbers = Set((0..<4).map { _ in Int.random(in: 0..<40, using: &random) })
            try await world.append(
                kind, segment,
                fields: numbers.sorted().map {
                    ("p\($0)", ["age", "other"].randomElement(using: &random)!, "\($0 % 3)")
                })
        }
        try await world.configure()
        try await world.projector.foldToEnd()
        let (target, segment) = (MemoryTarget(), SegmentID(1))
        let plan = try IntegrationPlan(world.definition, target.definition, target.dialect)
        let end = world.ledger.end
        let whole = try #require(LaneRows(plan: plan, segment: segment, context: world.context))
        let all = try changes(whole, after: nil, before: end)
        // The last of them is for the cursor. What the rows do not follow is none.
        #expect(all.last?.position == Position(59))
        #expect(all.dropLast().allSatisfy { !$0.names.isEmpty && !$0.profiles.isEmpty })
        for limit in [1, 2, 7] {
            let rows = try #require(
                LaneRows(
                    plan: plan, segment: segment, context: world.context,
                    earlierChangeCountMax: limit))
            #expect(try changes(rows, after: nil, before: end) == all)
            for position in (0..<60).map({ Position($0) }) {
                let rest = try changes(rows, after: position, before: end)
                #expect(rest == all.filter { $0.position > position })
            }
        }
        try await world.close()
    }
}
