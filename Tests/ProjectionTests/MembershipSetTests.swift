import SegmentModel
import Testing

@testable import Projection

@Suite("Membership set")
struct MembershipSetTests {
    @Test("A copy does not see later changes")
    func valueSemantics() {
        var set = MembershipSet()
        set.insert([1, 2, 3])
        let copy = set
        set.remove([2])
        set.insert([9])
        #expect(copy.ordinals == [1, 2, 3] && set.ordinals == [1, 3, 9])
        #expect(copy.subtracting(set).ordinals == [2])
    }

    @Test("Runs are ascending and complete, at every container border")
    func runs() {
        let members: [UInt32] = [0, 1, 65_535, 65_536, 131_071, 131_072, .max - 1, .max]
        var set = MembershipSet()
        set.insert(members[...])
        for length in 1...members.count + 1 {
            var found: [UInt32] = []
            set.forEachRun(of: length) { found.append(contentsOf: $0) }
            #expect(found == members)
        }
        #expect(set.contains(ProfileOrdinal(.max)) && !set.contains(ProfileOrdinal(2)))
    }
}
