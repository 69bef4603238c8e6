import SegmentModel
import Testing

@testable import Projection

@Suite("Membership set")
struct MembershipSetTests {
    @Test("INV-5: equal members give equal bytes, whatever their history", arguments: [0, 1, 2])
    func canonicalBytes(shape: Int) throws {
        let members: [UInt32] =
            switch shape {
            case 0: Array(65_536..<75_000)
            case 1: (0..<4096).map { 65_536 + $0 * 3 }
            default: (0..<5000).map { 65_536 + $0 * 7 }
            }
        var direct = MembershipSet()
        direct.insert(members[...])
        var detour = MembershipSet()
        detour.insert(Array(0..<200_000)[...])
        let isMember = Set(members)
        detour.remove((0..<200_000).filter { !isMember.contains($0) }[...])
        var reversed = MembershipSet()
        for member in members.reversed() { reversed.insert([member]) }
        let bytes = try #require(direct.containerBytes(key: 1))
        var whole = MembershipSet()
        whole.insert(Array(65_536..<131_072)[...])
        var reloaded = MembershipSet()
        try #require(whole.containerBytes(key: 1)).withUnsafeBytes {
            try reloaded.formUnion(containerBytes: $0, key: 1)
        }
        reloaded.remove((65_536..<131_072).filter { !isMember.contains($0) }[...])
        #expect(reloaded.containerBytes(key: 1) == bytes)
        #expect(detour.containerBytes(key: 1) == bytes)
        #expect(reversed.containerBytes(key: 1) == bytes)
        #expect(direct == detour && direct.ordinals == members)
        var loaded = MembershipSet()
        try bytes.withUnsafeBytes { try loaded.formUnion(containerBytes: $0, key: 1) }
        #expect(loaded == direct && loaded.containerBytes(key: 1) == bytes)
        #expect(direct.containerBytes(key: 0) == nil)
    }

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
        #expect(set.containerBytes(key: .max) != nil && set.contains(ProfileOrdinal(.max)))
    }

    @Test("Bytes that are cut, or another container's, are refused")
    func damaged() throws {
        var set = MembershipSet()
        set.insert([65_536, 65_540, 70_000])
        let bytes = try #require(set.containerBytes(key: 1))
        for count in 0..<bytes.count {
            var loaded = MembershipSet()
            #expect(throws: Failure.self) {
                try Array(bytes[..<count]).withUnsafeBytes {
                    try loaded.formUnion(containerBytes: $0, key: 1)
                }
            }
        }
        var loaded = MembershipSet()
        #expect(throws: Failure.self) {
            try bytes.withUnsafeBytes { try loaded.formUnion(containerBytes: $0, key: 2) }
        }
    }
}
