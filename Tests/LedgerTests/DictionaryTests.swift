import FrameCodec
import SegmentModel
import StorageTesting
import Testing

@testable import Ledger

@Suite struct DictionaryTests {
    @Test("INV-2: frames and dictionary say what a plain model says, however the events come")
    func model() throws {
        var random = SeededGenerator()
        let comment = Comment(rawValue: "SEGLEDGER_SEED=\(random.seed)")
        var model = DictionaryModel()
        var dictionary = LedgerDictionary(seed: random.next())
        var folded = LedgerDictionary(seed: random.next())
        var captures: [(capture: DictionaryCapture, model: DictionaryModel)] = []
        for turn in 0..<600 {
            let profiles = random.profiles(of: 100 + turn * 4)
            let eventID = random.below(3) == 0 ? "e\(random.below(200))" : ""
            var batch = EventBatch()
            batch.append(.profilesAdded, eventID: eventID, profiles: profiles)
            let frame = dictionary.frame(batch)
            guard eventID.isEmpty || model.eventIDs.insert(eventID).inserted else {
                #expect(frame.events.isEmpty, comment)
                continue
            }
            let expected = model.take(profiles)
            try check(frame, dictionary, expected, comment)
            try folded.fold(frame)
            if random.below(100) == 0 { captures.append((dictionary.capture(), model)) }
        }
        model.check(dictionary, comment)
        model.check(folded, comment)
        for (capture, model) in captures {
            model.check(LedgerDictionary(capture, pool: PagePool()), comment)
        }
    }

    private func check(
        _ frame: Frame, _ dictionary: borrowing LedgerDictionary,
        _ expected: DictionaryModel.Expected, _ comment: Comment
    ) throws {
        #expect(frame.newProfiles.map { frame.string($0) } == expected.newIDs, comment)
        #expect(frame.ordinals == expected.ordinals, comment)
        #expect(
            frame.records.map(\.ordinal) == expected.changes.keys.sorted(), comment)
        for record in frame.records {
            var changes: [String: FieldValue] = [:]
            for change in frame.changes[record.changeRange] {
                let name = dictionary.fieldNames.string(of: Int(change.name))
                #expect(changes[name] == nil, comment)
                changes[name] = FieldValue(
                    kind: change.kind, bytes: frame.bytes[change.value.range])
            }
            #expect(changes == expected.changes[record.ordinal], comment)
        }
    }

    @Test("Ids of every length from 1 to 256 bytes and all their prefixes are told apart")
    func lengths() {
        var dictionary = LedgerDictionary(seed: 1)
        let ids =
            (1...256).map { String(repeating: "a", count: $0) }
            + (1...256).map { String(repeating: "a", count: $0 - 1) + "b" }
        var batch = EventBatch()
        batch.append(.profilesAdded, profiles: ids.map { ($0, []) })
        let frame = dictionary.frame(batch)
        #expect(frame.ordinals == Array(0..<512))
        for (ordinal, id) in ids.enumerated() {
            let found = dictionary.find(id)
            #expect(found == UInt32(ordinal))
        }
        let tooLong = dictionary.find(String(repeating: "a", count: 257))
        #expect(tooLong == nil)
        let empty = dictionary.find("")
        #expect(empty == nil)
    }

    @Test("While the table of ids grows, each id is found at every step; a capture stays as it was")
    func growth() {
        var dictionary = LedgerDictionary(seed: 2)
        var geometries: Set<SlotTableGeometry> = []
        var captures: [DictionaryCapture] = []
        for start in stride(from: 0, to: 60_000, by: 400) {
            var batch = EventBatch()
            batch.append(
                .profilesAdded, profiles: (start..<start + 400).map { ("profile-\($0)", []) })
            _ = dictionary.frame(batch)
            geometries.insert(dictionary.profiles.slots.geometry)
            if start % 4000 == 0 {
                captures.append(dictionary.capture())
                for number in stride(from: 0, to: start + 400, by: 37) {
                    let found = dictionary.find("profile-\(number)")
                    #expect(found == UInt32(number))
                }
            }
        }
        #expect(geometries.contains { $0.isMigrating })
        #expect(geometries.count { !$0.isMigrating } >= 4)
        for (index, capture) in captures.enumerated() {
            let old = LedgerDictionary(capture, pool: PagePool())
            let count = index * 4000 + 400
            let oldCount = old.profiles.count
            #expect(oldCount == count)
            for number in stride(from: 0, to: 60_000, by: 101) {
                let found = old.find("profile-\(number)")
                #expect(found == (number < count ? UInt32(number) : nil))
            }
        }
    }

    @Test("What changed fields leave behind is swept: memory stays in proportion to what lives")
    func sweeping() {
        var dictionary = LedgerDictionary(seed: 3)
        var value = 0
        for turn in 0..<400 {
            var batch = EventBatch()
            batch.append(
                .profilesUpdated,
                profiles: (0..<50).map { number in
                    value += 1
                    // Longer each time, so that nothing can be written in place.
                    let text = "\(value)" + String(repeating: "z", count: 100 + turn)
                    return ("p\((number * 7 + turn) % 500)", [("a", .text(text))])
                })
            _ = dictionary.frame(batch)
            if turn == 200 { _ = dictionary.capture() }
        }
        let used = dictionary.profiles.records.usedUnitCount
        let garbage = dictionary.profiles.records.garbageUnitCount
        #expect(value == 20_000)
        #expect((used - garbage) * 8 < 500 * 600)
        #expect(used <= 3 * RecordArena.unitsPerPage)
        for number in 0..<500 {
            let found = dictionary.find("p\(number)")
            let isThere = found.map { dictionary.fields(of: $0)["a"] != nil }
            #expect(isThere == true)
        }
    }

    @Test("Fields of 1 MiB and 1,024 fields of one profile are kept, also beyond a page")
    func large() {
        var dictionary = LedgerDictionary(seed: 4)
        var model = DictionaryModel()
        let mebibyte = String(repeating: "m", count: Limits.fieldValueByteCountMax)
        let many = (0..<Limits.profileFieldCountMax).map {
            (name: "f\($0)", value: FieldValue.text("value \($0)"))
        }
        let events: [[DictionaryModel.Profile]] = [
            [("a", [("x", .text(mebibyte))]), ("b", many)],
            [("a", [("y", .text(mebibyte)), ("z", .text(mebibyte))]), ("c", [])],
            [("a", [("w", .text("small"))]), ("b", many.reversed() + [("f7", .null)])],
            [("a", [("x", .null)]), ("b", [("f1023", .null)])],
        ]
        for profiles in events {
            var batch = EventBatch()
            batch.append(.profilesUpdated, profiles: profiles)
            _ = model.take(profiles)
            _ = dictionary.frame(batch)
            model.check(dictionary, "large fields")
        }
    }

    @Test("An event_id is taken once, whatever its length")
    func eventIDs() {
        var dictionary = LedgerDictionary(seed: 5)
        var seen: Set<String> = []
        var random = SeededGenerator()
        for _ in 0..<40_000 {
            let number = random.below(30_000)
            var id = String(repeating: "e", count: number % 120) + "\(number)"
            let isNew = id.withUTF8 { dictionary.eventIDs.insert(UnsafeRawBufferPointer($0)) }
            #expect(isNew == seen.insert(id).inserted, "SEGLEDGER_SEED=\(random.seed)")
        }
        let count = dictionary.eventIDs.count
        #expect(count == seen.count)
    }

    @Test("What cannot find room in memory is known beforehand")
    func room() {
        let dictionary = LedgerDictionary(seed: 8)
        let hasRoom = [1 << 30, 14 << 30, 17 << 30].map {
            dictionary.profiles.records.hasRoom(byteCount: $0)
        }
        #expect(hasRoom == [true, true, false])
    }

    @Test("A frame that does not continue the dictionary is refused")
    func inconsistentFrames() {
        func refuses(_ change: (inout Frame) -> Void) -> Bool {
            var dictionary = LedgerDictionary(seed: 6)
            var batch = EventBatch()
            batch.append(.profilesAdded, profiles: [("a", [("x", .text("1"))]), ("b", [])])
            var copy = LedgerDictionary(seed: 7)
            var frame = copy.frame(batch)
            change(&frame)
            do {
                try dictionary.fold(frame)
                return false
            } catch {
                return true
            }
        }
        #expect(!refuses { _ in })
        #expect(refuses { $0.firstOrdinal = 1 })
        #expect(refuses { $0.firstFieldName = 1 })
        #expect(refuses { $0.newProfiles[1] = $0.newProfiles[0] })
        #expect(refuses { $0.newProfiles[1].count = 0 })
        #expect(refuses { $0.newFieldNames.append($0.newFieldNames[0]) })
        #expect(refuses { $0.newFieldNames[0].count = 0 })
        #expect(refuses { $0.ordinals[1] = 2 })
        #expect(refuses { $0.records[0].ordinal = 2 })
        #expect(refuses { $0.changes[0].name = 1 })
        #expect(
            refuses {
                $0.bytes += [UInt8](repeating: 120, count: 257)
                $0.newProfiles[1] = Frame.Slice(
                    offset: UInt32($0.bytes.count - 257), count: 257)
            })
    }
}
