import Ledger
import SegmentModel
import ServerTesting
import Testing

@testable import Sync

@Suite("A segment folded from the ledger")
struct SegmentFoldTests {
    @Test("INV-11: at every position it has the members that a plain count gives")
    func members() async throws {
        var random = SeededGenerator()
        for _ in 0..<8 {
            let world = try World()
            var model: [(members: Set<String>, named: Set<String>, isDeleted: Bool)] = []
            var (members, named, isDeleted) = (Set<String>(), Set<String>(), false)
            for _ in 0..<40 {
                let ids = Set((0..<3).map { _ in "p\(Int.random(in: 0..<9, using: &random))" })
                isDeleted = false
                switch Int.random(in: 0..<8, using: &random) {
                case 0:
                    try await world.append(.segmentDeleted, 1)
                    (members, isDeleted) = ([], true)
                case 1:
                    try await world.append(.segmentCleared, 1)
                    members = []
                case 2, 3, 4:
                    try await world.append(.profilesRemoved, 1, ids.sorted())
                    members.subtract(ids)
                    named.formUnion(ids)
                default:
                    try await world.append(.profilesAdded, 1, ids.sorted())
                    members.formUnion(ids)
                    named.formUnion(ids)
                }
                model.append((members, named, isDeleted))
            }
            for (position, expected) in model.enumerated() {
                let fold = try SegmentFold.fold(
                    world.ledger, SegmentID(1), through: Position(UInt64(position)),
                    keepsMembers: true)
                func ids(_ ordinals: Set<UInt32>) -> Set<String> {
                    Set(ordinals.map { world.ledger.profileID(of: ProfileOrdinal($0)) })
                }
                let place: Comment = "at \(position), seed \(SeededGenerator.seed)"
                #expect(ids(fold.members) == expected.members, place)
                #expect(ids(fold.everNamed) == expected.named, place)
                #expect(fold.exists != expected.isDeleted, place)
            }
            try await world.close()
        }
    }
}
