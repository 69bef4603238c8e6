import FrameCodec
import Ledger
import MerkleTree
import SegmentModel
import StorageTesting
import Testing

@Suite struct LeafHasherTests {
    /// One of everything.
    static let sample = LeafModel(events: [
        .init(kind: .segmentCreated, segment: -9, time: 5, body: #"{"segment_name":"x"}"#),
        .init(
            segment: .max, time: 9, ownTime: -2, recordedAt: 3, eventID: "00ff17",
            profiles: [
                .init(id: "b", fields: [.init(name: "CustomID", kind: .text, value: "C-1")]),
                .init(id: "é"),
            ]),
        .init(
            kind: .profilesRemoved, segment: 2, time: 9, ownTime: 9, recordedAt: 4,
            profiles: [
                .init(
                    id: "c",
                    fields: [
                        .init(name: "age", kind: .number, value: "1.50"),
                        .init(name: "CustomID", kind: .null, value: ""),
                    ]), .init(id: "b"), .init(id: "a"),
            ]),
        .init(kind: .deliveryRecorded, segment: 0, time: 4, recordedAt: 4, body: "{}"),
        .init(
            kind: .profilesUpdated, segment: 0, time: 10, recordedAt: 5,
            profiles: [
                .init(id: "b", fields: [.init(name: "vip", kind: .true, value: "")]),
                .init(id: "a", fields: [.init(name: "tags", kind: .json, value: "[1]")]),
            ]),
    ])

    static func root(_ frames: [Frame], secret: [UInt8]) throws -> TreeHash {
        var hasher = LeafHasher(salts: SaltTree(secret: secret))
        var range = CompactRange()
        for frame in frames { try hasher.add(frame, into: &range) }
        return range.root()
    }

    static func anyModel(_ generator: inout SeededGenerator) -> LeafModel {
        var time: Int64 = 0
        let events = (0..<Int.random(in: 1...30, using: &generator)).map { _ in
            time += Int64.random(in: 0...3, using: &generator)
            var event = LeafModel.Event(
                segment: Int64.random(in: -3...3, using: &generator), time: time,
                recordedAt: time)
            guard Int.random(in: 0..<5, using: &generator) > 0 else {
                event.kind = .segmentUpdated
                event.body = "{}"
                return event
            }
            event.kind = [.profilesAdded, .profilesRemoved].randomElement(using: &generator)!
            event.eventID = ["", "e\(time)", "00ff"].randomElement(using: &generator)!
            let ids = Set((0..<5).map { _ in Int.random(in: 0..<20, using: &generator) })
            event.profiles = ids.map { id in
                var profile = LeafModel.Profile(id: "p\(id)")
                for name in ["a", "b", "c"] where Bool.random(using: &generator) {
                    profile.fields.append(
                        .init(
                            name: name, kind: .number,
                            value: "\(Int.random(in: 0..<100, using: &generator))"))
                }
                return profile
            }
            return event
        }
        return LeafModel(events: events)
    }

    @Test func `leaves are those that the format's page draws`() throws {
        let model = Self.sample
        var hasher = LeafHasher(salts: SaltTree(secret: model.secret))
        #expect(try hasher.leaves(of: model.frames(beginningAt: [0])[0]) == model.leaves())
        #expect(hasher.profileCount == 4)
    }

    /// Golden: what changes this makes every proof ever given out worthless.
    @Test func `the root of a known ledger never changes`() {
        #expect(
            Self.sample.root().description
                == "e26d84f6d19217fdd6090b0e957460b45b3b1737fb552f3f81596a32214d1a72")
    }

    @Test func `the root is the same in whichever frames the events lie`() throws {
        var generator = SeededGenerator()
        for round in 0..<60 {
            let model = Self.anyModel(&generator)
            let starts = Set(model.events.indices.filter { _ in Bool.random(using: &generator) })
            let frames = model.frames(beginningAt: starts.union([0]))
            var block = frames[0]
            for frame in frames.dropFirst() { block.append(frame) }
            let expected = model.root()
            let seed = "seed \(generator.seed), round \(round)"
            #expect(try Self.root(frames, secret: model.secret) == expected, "\(seed)")
            #expect(try Self.root([block], secret: model.secret) == expected, "\(seed)")
            #expect(
                try Self.root(frames.map(Self.coded), secret: model.secret) == expected, "\(seed)")
        }
    }

    /// The frame written and read.
    private static func coded(_ frame: Frame) throws -> Frame {
        var codec = FrameCodec()
        var bytes: [UInt8] = []
        let header = codec.encode(
            frame,
            header: FrameHeader(
                kind: .data, salt: 1, frameNumber: 1, durableUpTo: 0,
                firstPosition: frame.firstPosition), into: &bytes)
        return try bytes.withUnsafeBytes { try FrameCodec.decode(header, in: $0) }
    }

    @Test func `every part of an event is in its leaf`() throws {
        let changes: [(inout LeafModel) -> Void] = [
            { $0.events[1].kind = .profilesRemoved }, { $0.events[0].segment = 1 },
            { $0.events[0].time = 6 }, { $0.events[1].ownTime = nil },
            { $0.events[1].ownTime = -1 }, { $0.events[0].ownTime = 0 },
            { $0.events[0].recordedAt = 2 }, { $0.events[1].eventID = "00ff18" },
            { $0.events[3].body = "[]" },
            {
                $0.events[3].eventID = "{"
                $0.events[3].body = "}"
            },
            { $0.events[1].profiles[0].id = "B" }, { $0.events[4].profiles.removeLast() },
            { $0.events[1].profiles[0].fields[0].name = "customID" },
            { $0.events[1].profiles[0].fields[0].value = "C-2" },
            { $0.events[2].profiles[0].fields[0].kind = .text },
            { $0.events[2].profiles[0].fields.removeLast() },
            { $0.events[4].profiles[0].fields[0].kind = .false },
            { $0.secret[0] = 8 }, { $0.events.swapAt(3, 4) }, { $0.events.removeLast() },
        ]
        var roots: Set<TreeHash> = [Self.sample.root()]
        for (index, change) in changes.enumerated() {
            var model = Self.sample
            change(&model)
            let root = try Self.root(model.frames(beginningAt: [0, 2]), secret: model.secret)
            #expect(roots.insert(root).inserted, "change \(index)")
        }
    }

    @Test func `it goes on from the middle of a ledger`() throws {
        let model = Self.sample
        let frames = model.frames(beginningAt: [0, 2])
        var hasher = LeafHasher(
            salts: SaltTree(secret: model.secret), profileCount: frames[1].firstOrdinal,
            fieldNames: frames[0].newFieldNames.map { Array(frames[0].bytes[$0.range]) })
        var range = CompactRange(begin: 2)
        try hasher.add(frames[1], into: &range)
        var whole = CompactRange()
        for leaf in model.leaves().prefix(2) { whole.append(leaf) }
        whole.append(range)
        #expect(whole.root() == model.root())
    }

    @Test func `a frame that does not continue is refused`() throws {
        let frames = Self.sample.frames(beginningAt: [0, 2])
        let changes: [(inout Frame) -> Void] = [
            { $0.firstPosition = Position(3) }, { $0.firstOrdinal += 1 },
            { $0.firstFieldName += 1 }, { $0.ordinals[2] += 1 },
            { $0.newProfiles.removeLast() }, { $0.newProfiles.append(.empty) },
            { $0.ordinals[1] = 3 }, { $0.changes[0].name = 4 }, { $0.ordinals[2] = .max },
        ]
        for (index, change) in changes.enumerated() {
            var frame = frames[1]
            change(&frame)
            #expect(throws: LeafError.discontinuous, "change \(index)") {
                _ = try Self.root([frames[0], frame], secret: Self.sample.secret)
            }
        }
    }

    @Test func `an erased profile has no commitments any more`() throws {
        let frames = Self.sample.frames(beginningAt: [0])
        var salts = SaltTree(secret: Self.sample.secret)
        salts.puncture(3)
        var hasher = LeafHasher(salts: salts)
        #expect(throws: LeafError.erased(3)) { _ = try hasher.leaves(of: frames[0]) }
    }
}
