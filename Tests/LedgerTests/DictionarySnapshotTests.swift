import FrameCodec
import SegmentModel
import StorageIO
import StorageTesting
import Testing

@testable import Ledger

@Suite struct DictionarySnapshotTests {
    private let identity = DictionarySnapshot.Identity(
        ledger: [UInt8](repeating: 1, count: 16), timeline: [UInt8](repeating: 2, count: 16))
    private let place = DictionarySnapshot.Place(position: Position(77), chunkID: 5)
    private let fileSystem = LocalFileSystem()

    private func frames(_ count: Int, _ random: inout SeededGenerator, ids: Int) -> [Frame] {
        var dictionary = LedgerDictionary(seed: 1)
        return (0..<count).map { turn in
            var batch = EventBatch()
            batch.append(
                .profilesAdded, eventID: "e\(turn)", profiles: random.profiles(of: ids))
            return dictionary.frame(batch)
        }
    }

    private func read(_ path: String) throws(DictionarySnapshotError) -> LedgerDictionary {
        var content = try DictionarySnapshot.read(path, of: identity, fileSystem)
        #expect(content.place == place)
        var dictionary = LedgerDictionary(seed: 0)
        swap(&dictionary, &content.dictionary)
        return dictionary
    }

    /// What a dictionary holds, as far as it can be told from outside.
    private func content(_ dictionary: borrowing LedgerDictionary) -> [String] {
        var lines = ["\(dictionary.lastTime.rawValue) \(dictionary.lastRecordedAt.rawValue)"]
        for number in 0..<dictionary.fieldNames.count {
            lines.append(dictionary.fieldNames.string(of: number))
        }
        for ordinal in 0..<dictionary.profiles.count {
            let id = dictionary.profiles.string(of: ordinal)
            let fields = dictionary.fields(of: UInt32(ordinal)).map { "\($0)=\($1)" }.sorted()
            let found = dictionary.find(id).map(String.init) ?? "-"
            lines.append("\(found) \(id) \(fields)")
        }
        lines.append("\(dictionary.eventIDs.count)")
        return lines
    }

    @Test("A snapshot and the frames after it give what all frames give")
    func roundTrip() throws {
        var random = SeededGenerator()
        let scratch = try Scratch()
        let frames = frames(300, &random, ids: 900)
        var whole = LedgerDictionary(seed: 2)
        var part = LedgerDictionary(seed: 3)
        for cut in [0, 1, 150, 300] {
            for frame in frames[whole.eventIDs.count..<cut] { try whole.fold(frame) }
            for frame in frames[part.eventIDs.count..<cut] { try part.fold(frame) }
            let path = scratch.path + "/dictionary"
            try DictionarySnapshot.write(
                part.capture(), at: place, of: identity, to: path, fileSystem)
            part = try read(path)
            #expect(content(part) == content(whole), "SEGLEDGER_SEED=\(random.seed)")
        }
        // A repeat is still one.
        var id = "e0"
        let isNew = id.withUTF8 { part.eventIDs.insert(UnsafeRawBufferPointer($0)) }
        #expect(!isNew)
    }

    @Test("Large tables come back page by page, also while they grow, and go on growing")
    func largeTables() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/dictionary"
        var dictionary = LedgerDictionary(seed: 4)
        var isWhileGrowing: Set<Bool> = []
        var count = 0
        func grow(_ dictionary: inout LedgerDictionary) {
            var batch = EventBatch()
            batch.append(
                .profilesAdded,
                profiles: (count..<count + 500).map { ("profile-\($0)", [("a", .text("\($0)"))]) })
            for number in count..<count + 500 {
                batch.append(.segmentCleared, eventID: "event-\(number)")
            }
            count += 500
            _ = dictionary.frame(batch)
        }
        for _ in 0..<12 {
            for _ in 0..<9 { grow(&dictionary) }
            let capture = dictionary.capture()
            isWhileGrowing.insert(capture.profiles.geometry.isMigrating)
            try DictionarySnapshot.write(capture, at: place, of: identity, to: path, fileSystem)
            dictionary = try read(path)
        }
        #expect(isWhileGrowing == [false, true])
        for number in 0..<count {
            let found = dictionary.find("profile-\(number)")
            let fields = dictionary.fields(of: UInt32(number))
            #expect(found == UInt32(number))
            #expect(fields == ["a": .text("\(number)")])
            var event = "event-\(number)"
            let isNew = event.withUTF8 {
                dictionary.eventIDs.insert(UnsafeRawBufferPointer($0))
            }
            #expect(!isNew)
        }
    }

    @Test("A capture does not change while its dictionary does, and can be written meanwhile")
    func captured() throws {
        var random = SeededGenerator()
        let scratch = try Scratch()
        let frames = frames(200, &random, ids: 300)
        var dictionary = LedgerDictionary(seed: 5)
        for frame in frames[..<100] { try dictionary.fold(frame) }
        let before = content(dictionary)
        let capture = dictionary.capture()
        for frame in frames[100...] { try dictionary.fold(frame) }
        let path = scratch.path + "/dictionary"
        try DictionarySnapshot.write(capture, at: place, of: identity, to: path, fileSystem)
        let old = try read(path)
        #expect(content(old) == before, "SEGLEDGER_SEED=\(random.seed)")
    }

    @Test("INV-2: every flipped bit and every truncation of a snapshot is an error")
    func damage() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/dictionary"
        var dictionary = LedgerDictionary(seed: 6)
        var batch = EventBatch()
        batch.append(
            .profilesAdded, eventID: "e1", profiles: [("a", [("x", .text("1"))]), ("b", [])])
        _ = dictionary.frame(batch)
        try DictionarySnapshot.write(
            dictionary.capture(), at: place, of: identity, to: path, fileSystem)
        let file = try fileSystem.open(path, .readWrite)
        let bytes = try file.readAll(path, limit: .max)
        #expect(bytes.count == 4 * DictionarySnapshot.alignment)
        func isRefused() -> Bool {
            do throws(DictionarySnapshotError) {
                _ = try read(path)
                return false
            } catch {
                return true
            }
        }
        #expect(!isRefused())
        var byte: [UInt8] = [0]
        for bit in 0..<bytes.count * 8 {
            byte[0] = bytes[bit / 8] ^ 1 << UInt8(bit % 8)
            try byte.withUnsafeBytes { try file.write($0, at: bit / 8) }
            #expect(isRefused(), "bit \(bit)")
            byte[0] = bytes[bit / 8]
            try byte.withUnsafeBytes { try file.write($0, at: bit / 8) }
        }
        #expect(!isRefused())
        for count in (0..<bytes.count).reversed() {
            try file.truncate(to: count)
            #expect(isRefused(), "\(count) bytes")
        }
        try file.close()
    }

    @Test("A snapshot of another ledger, another timeline or a later version is told from damage")
    func foreign() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/dictionary"
        #expect(throws: DictionarySnapshotError.missing) { _ = try read(path) }
        var dictionary = LedgerDictionary(seed: 7)
        var other = identity
        other.timeline[3] = 9
        try DictionarySnapshot.write(
            dictionary.capture(), at: place, of: other, to: path, fileSystem)
        #expect(throws: DictionarySnapshotError.foreign) { _ = try read(path) }
        let file = try fileSystem.open(path, .readWrite)
        var head = try file.read(count: DictionarySnapshotHeader.byteCount, at: 0)
        head[4] = 9
        try head.withUnsafeBytes { try file.write($0, at: 0) }
        #expect(throws: DictionarySnapshotError.version(9)) { _ = try read(path) }
        try file.close()
    }

    @Test("Whatever call of a write fails, the old snapshot stays or the new one is whole")
    func failedWrite() throws {
        let path = "/data/dictionary"
        var small = LedgerDictionary(seed: 8)
        var dictionary = LedgerDictionary(seed: 8)
        var batch = EventBatch()
        batch.append(.profilesAdded, profiles: [("a", [])])
        _ = dictionary.frame(batch)
        var operation = 0
        while true {
            let system = SimulatedFileSystem(directories: "/data")
            try DictionarySnapshot.write(small.capture(), at: place, of: identity, to: path, system)
            let before = system.operationCount
            system.arm(InjectedFault(operation: before + operation, errno: 28))
            var hasFailed = false
            do throws(StorageError) {
                try DictionarySnapshot.write(
                    dictionary.capture(), at: place, of: identity, to: path, system)
            } catch {
                hasFailed = true
            }
            system.arm(nil)
            let content = try DictionarySnapshot.read(path, of: identity, system)
            let count = content.dictionary.profiles.count
            if !hasFailed {
                #expect(count == 1)
                break
            }
            let call = system.operations[before + operation].kind
            // A failed sync of the directory comes when the new name is there.
            #expect(count == (call == .syncDirectory ? 1 : 0), "\(call)")
            if call != .exists, call != .create {
                #expect(Array(system.files.keys) == [path], "\(call)")
            }
            operation += 1
        }
        #expect(operation > 6)
    }
}
