import FrameCodec
import Glibc
import SegmentModel
import StorageIO

@testable import Ledger

// Target `snapshot`: a snapshot of the dictionary, bytes of it changed and its checksums put right.
// It is refused, or a dictionary in which every id leads to its ordinal, that takes new profiles
// and fields, and that can be written and read again.
//
// Input: changes, each offset 2 | byte 1.

private let folder = getenv("FUZZ_FOLDER").map { String(cString: $0) } ?? "/tmp"
private let path = folder + "/DICTIONARY"
private let fileSystem = LocalFileSystem()
private let identity = DictionarySnapshot.Identity(
    ledger: Array(repeating: 1, count: 16), timeline: Array(repeating: 2, count: 16))
private let place = DictionarySnapshot.Place(position: Position(7), chunkID: 9)

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    var bytes = original
    let input = UnsafeBufferPointer(start: start, count: count)
    for change in stride(from: 0, to: count - 2, by: 3) {
        let offset = Int(input[change]) | Int(input[change + 1]) << 8
        bytes[offset % bytes.count] = input[change + 2]
    }
    putRight(&bytes)
    do {
        let file = try fileSystem.open(path, .readWrite)
        try file.write(bytes, at: 0)
        try file.close()
        var content: DictionarySnapshot.Content
        do throws(DictionarySnapshotError) {
            content = try DictionarySnapshot.read(path, of: nil, fileSystem)
        } catch {
            return 0
        }
        var dictionary = LedgerDictionary(seed: 1)
        swap(&dictionary, &content.dictionary)
        try use(dictionary)
    } catch {
        fatalError("\(error)")
    }
    return 0
}

/// A dictionary of some profiles, with fields of many lengths, names and event ids.
private let original: [UInt8] = {
    var dictionary = LedgerDictionary(seed: 7)
    for number in 0..<60 {
        var batch = EventBatch()
        batch.append(
            .profilesAdded, segment: SegmentID(1), eventID: "e\(number)",
            profiles: [
                (
                    id: "profile \(number)",
                    fields: [
                        ("name \(number % 5)", .text(String(repeating: "x", count: number))),
                        ("other", .number("\(number)")),
                    ]
                )
            ])
        add(batch, to: &dictionary)
    }
    do {
        try DictionarySnapshot.write(
            dictionary.capture(), at: place, of: identity, to: path, fileSystem)
        let file = try fileSystem.open(path, .read)
        defer { try? file.close() }
        return try file.readAll(path, limit: .max)
    } catch {
        fatalError("\(error)")
    }
}()

private func add(_ batch: EventBatch, to dictionary: inout LedgerDictionary) {
    var builder = FrameBuilder(
        position: Position(0), now: Timestamp(rawValue: 1), dictionary: &dictionary)
    for index in batch.events.indices { _ = builder.add(batch, index, &dictionary) }
}

private func use(_ read: consuming LedgerDictionary) throws {
    var dictionary = read
    let count = dictionary.profiles.count
    for ordinal in 0..<UInt32(count) {
        let id = dictionary.profiles.record(of: ordinal).id
        precondition(dictionary.profiles.find(id) == ordinal, "an id leads elsewhere")
    }
    var batch = EventBatch()
    let old = (0..<count).map { dictionary.profiles.string(of: $0) }
    let ids = old + (0..<100).map { "new \($0)" }
    // An id that is no UTF-8 comes back as another.
    let fields: [(name: String, value: FieldValue)] = [
        ("other", .text(String(repeating: "y", count: 70))), ("new", .number("1")),
    ]
    batch.append(
        .profilesAdded, segment: SegmentID(1),
        profiles: ids.filter { (1...256).contains($0.utf8.count) }.map { (id: $0, fields: fields) })
    add(batch, to: &dictionary)
    let after = dictionary.profiles.count
    try DictionarySnapshot.write(
        dictionary.capture(), at: place, of: identity, to: path + "-2", fileSystem)
    let again = try DictionarySnapshot.read(path + "-2", of: nil, fileSystem)
    precondition(again.dictionary.profiles.count == after, "profiles were lost")
}

// MARK: Checksums

private func number(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> Int {
    (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
}

private func put(_ checksum: UInt32, _ bytes: inout [UInt8], _ offset: Int) {
    guard offset + 4 <= bytes.count else { return }
    for index in 0..<4 {
        bytes[offset + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index))
    }
}

private func checksum(_ bytes: [UInt8], _ range: Range<Int>) -> UInt32 {
    bytes.withUnsafeBytes { crc32c(UnsafeRawBufferPointer(rebasing: $0[range])) }
}

private func putRight(_ bytes: inout [UInt8]) {
    let head = DictionarySnapshotHeader.byteCount
    bytes.replaceSubrange(0..<4, with: DictionarySnapshotHeader.magicBytes)
    for index in 0..<8 {
        bytes[168 + index] = UInt8(truncatingIfNeeded: bytes.count >> (8 * index))
    }
    let tables = number(bytes, 176, 6)
    let (profiles, eventIDs) = (number(bytes, 80, 6), number(bytes, 88, 6))
    let (names, nameBytes) = (number(bytes, 96, 6), number(bytes, 104, 6))
    let recordPages = number(bytes, 112, 6)
    if tables <= bytes.count - head, recordPages < 100, names < 1000, nameBytes < bytes.count,
        profiles < 1 << 20, eventIDs < 1 << 20, recordPages * 8 <= tables
    {
        var regions: [Int] = []
        for start in stride(from: 0, to: profiles, by: ProfileTable.ordinalsPerPage) {
            regions.append(4 * min(ProfileTable.ordinalsPerPage, profiles - start))
        }
        for page in 0..<recordPages where number(bytes, head + page * 8 + 4, 4) > 0 {
            regions.append(number(bytes, head + page * 8, 4) * RecordArena.unitByteCount)
        }
        regions.append(16 * eventIDs)
        var place = head + recordPages * 8 + names * 4 + nameBytes
        var offset = head + tables
        for region in regions {
            let end = offset + DictionarySnapshot.aligned(region)
            guard end <= bytes.count else { break }
            if end > offset { put(checksum(bytes, offset..<end), &bytes, place) }
            place += end > offset ? 4 : 0
            offset = end
        }
        put(checksum(bytes, head..<head + tables), &bytes, 200)
    }
    put(checksum(bytes, 0..<204), &bytes, 204)
}
