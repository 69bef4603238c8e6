import ProjectionModel
import SegmentModel
import Testing

@testable import Projection

@Suite("Member container")
struct MemberContainerTests {
    private static let key: UInt16 = 3

    private func insert(_ lows: some Sequence<UInt16>, _ container: inout MemberContainer) {
        lows.map { UInt32(Self.key) << 16 | UInt32($0) }
            .withUnsafeBufferPointer { container.insert($0) }
    }

    private func remove(_ lows: some Sequence<UInt16>, _ container: inout MemberContainer) {
        lows.map { UInt32(Self.key) << 16 | UInt32($0) }
            .withUnsafeBufferPointer { container.remove($0) }
    }

    private func bytes(_ container: borrowing MemberContainer) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: MemberContainer.storedByteCountMax, alignment: 8)
        defer { buffer.deallocate() }
        return Array(container.encode(key: Self.key, into: buffer))
    }

    private func read(_ stored: [UInt8]) throws -> MemberContainer {
        var container = MemberContainer()
        try stored.withUnsafeBytes {
            container = try MemberContainer(decoding: $0, key: Self.key)
        }
        return container
    }

    private func members(_ container: borrowing MemberContainer) -> [UInt16] {
        var members: [UInt16] = []
        container.forEachMember { members.append($0) }
        return members
    }

    /// Members whose stored forms are an array, a bitset, runs, and what lies at their borders.
    private static let shapes: [[UInt16]] = [
        [0], [.max], [7, 9, 11], Array(0...UInt16.max), Array(100..<5000),
        (0..<4096).map { UInt16($0 * 16) }, (0..<4097).map { UInt16($0 * 15) },
        (0..<65_536).compactMap { $0 % 3 == 0 ? nil : UInt16($0) },
        (0..<2047).flatMap { [UInt16($0 * 32), UInt16($0 * 32 + 1)] },
        (0..<2047).flatMap { start in (0..<30).map { UInt16(start * 32 + $0) } },
        (0..<2048).flatMap { start in (0..<30).map { UInt16(start * 32 + $0) } },
    ]

    @Test("INV-5: equal members give equal bytes, whatever their history", arguments: shapes)
    func canonicalBytes(shape: [UInt16]) throws {
        var direct = MemberContainer()
        insert(shape, &direct)
        let stored = bytes(direct)
        let isMember = Set(shape)
        var detour = MemberContainer()
        insert(0...UInt16.max, &detour)
        remove((0...UInt16.max).filter { !isMember.contains($0) }, &detour)
        #expect(bytes(detour) == stored)
        detour.compact()
        #expect(bytes(detour) == stored)
        var singly = MemberContainer()
        for low in shape.reversed() { insert([low], &singly) }
        insert(shape, &singly)
        #expect(bytes(singly) == stored && members(singly) == shape)
        let loaded = try read(stored)
        #expect(members(loaded) == shape && loaded.count == shape.count)
        #expect(bytes(loaded) == stored)
    }

    @Test("CRoaring reads the stored form", arguments: shapes)
    func roaring(shape: [UInt16]) throws {
        var container = MemberContainer()
        insert(shape, &container)
        var set = MembershipSet()
        try bytes(container).withUnsafeBytes {
            try set.formUnion(containerBytes: $0, key: Self.key)
        }
        #expect(set.ordinals == shape.map { UInt32(Self.key) << 16 | UInt32($0) })
    }

    @Test("Any inserts and removals give the members of a set", arguments: SeededGenerator.seeds)
    func againstSet(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var container = MemberContainer()
        var model: Set<UInt16> = []
        for step in 0..<400 {
            let length = [1, 3, 8, 9, 100, 3000].randomElement(using: &random)!
            let range: UInt16 = step / 100 % 2 == 0 ? 20_000 : .max
            let lows = Set((0..<length).map { _ in UInt16.random(in: 0...range, using: &random) })
            if random.next() % 2 == 0 {
                insert(lows.sorted(), &container)
                model.formUnion(lows)
            } else {
                remove(lows.sorted(), &container)
                model.subtract(lows)
            }
            if random.next() % 10 == 0 { container.compact() }
            #expect(container.count == model.count)
            let probe = UInt16.random(in: 0...range, using: &random)
            #expect(container.contains(probe) == model.contains(probe))
            if random.next() % 20 == 0 {
                let (removed, kept) = (model.filter { $0 % 4 != 0 }, model.filter { $0 % 4 == 0 })
                remove(removed.sorted(), &container)
                model = kept
            }
            #expect(members(container) == model.sorted(), "seed \(seed), step \(step)")
        }
    }

    @Test(
        "INV-2: bytes that are cut, or another container's, or contradict themselves, are refused")
    func damaged() throws {
        for shape in [[1, 5, 9], Array(100..<5000), (0..<4097).map { UInt16($0 * 15) }] {
            var container = MemberContainer()
            insert(shape, &container)
            let stored = bytes(container)
            let cuts = stored.count > 100 ? Array(stride(from: 0, to: stored.count, by: 97)) : []
            for count in cuts + Array(0..<min(stored.count, 40)) {
                expectRefused(Array(stored[..<count]), key: Self.key)
            }
            expectRefused(stored + [0], key: Self.key)
            expectRefused(stored, key: Self.key + 1)
            // A flipped bit is refused, or is another set of the size that the header states.
            for bit in 0..<min(stored.count, 64) * 8 {
                var flipped = stored
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                do {
                    let found = try read(flipped)
                    #expect(found.count == shape.count && members(found) != shape)
                } catch {
                    #expect((error as? Failure)?.code == .projectionInvalid)
                }
            }
        }
    }

    private func expectRefused(_ stored: [UInt8], key: UInt16) {
        let failure = #expect(throws: Failure.self) {
            try stored.withUnsafeBytes { _ = try MemberContainer(decoding: $0, key: key).count }
        }
        #expect(failure?.code == .projectionInvalid)
        var set = MembershipSet()
        #expect(throws: Failure.self) {
            try stored.withUnsafeBytes { try set.formUnion(containerBytes: $0, key: key) }
        }
    }
}
