internal import Foundation
internal import Ledger
internal import SegmentModel
internal import StorageIO

extension Bench {
    private static let openByteCount = 1 << 30
    private static let openProfileCount = 1_000_000
    private static let eventsPerCommit = 256
    private static let openRounds = 3

    /// Opening a ledger of 1 GiB after a crash, until the first append is durable: the files as
    /// they were at a moment while it was written to, each time a new copy. Beside it the mere
    /// reading of the snapshot and of the chunks that are not sealed.
    func open() async throws -> BenchFigure {
        let place = directory + "/open"
        let ledger = try FileLedger.open(FileLedger.Options(directory: place, access: .write))
        var events = OpenEvents(profileCount: Self.openProfileCount)
        _ = try await ledger.append(events.profiles())
        while try byteCount(LedgerDirectory.chunks(place)) < Self.openByteCount {
            for _ in 0..<16 { _ = try await ledger.append(events.next(Self.eventsPerCommit)) }
        }
        var images: [(path: String, end: Position, last: EventBatch)] = []
        for number in 1...Self.openRounds {
            let image = directory + "/image-\(number)"
            try crashImage(of: place, at: image)
            images.append((image, ledger.end, events.last))
            // Another moment: the tail is longer, or another.
            for _ in 0..<128 { _ = try await ledger.append(events.next(Self.eventsPerCommit)) }
        }
        try await ledger.close()
        var (seconds, bare): ([Double], [Double]) = ([], [])
        for image in images {
            bare.append(try readUnsealed(image.path))
            seconds.append(try await openAndAppend(image.path, image.end, image.last))
        }
        return BenchFigure(
            what: "open after a crash, 1 GiB, 1 M profiles, to the first append",
            value: seconds.sorted()[Self.openRounds / 2], unit: "s",
            ceiling: bare.sorted()[Self.openRounds / 2],
            ceilingName: "reading its snapshot and its unsealed chunks")
    }

    private func openAndAppend(
        _ image: String, _ end: Position, _ last: EventBatch
    ) async throws -> Double {
        let start = monotonicNanoseconds()
        let ledger = try FileLedger.open(FileLedger.Options(directory: image, access: .write))
        var one = EventBatch()
        one.append(.profilesAdded, segment: SegmentID(1), profiles: [("after the crash", [])])
        _ = try await ledger.append(one)
        let seconds = Self.elapsed(start)
        try Self.check(ledger.end == end.advanced(by: 1), "the end of the ledger")
        try Self.check(
            ledger.profileCount == Self.openProfileCount + 1, "the number of profiles")
        let again = try await ledger.append(last)
        try Self.check(
            again.eventCount == 0 && again.duplicateCount == Self.eventsPerCommit,
            "what the ledger knows of the last commit")
        try await ledger.close()
        return seconds
    }

    // MARK: Files

    private func byteCount(_ folder: String) throws -> Int {
        do throws(StorageError) {
            var sum = 0
            for name in try LocalFileSystem().list(folder) where LedgerDirectory.isChunk(name) {
                // A tail that was sealed just now.
                guard try LocalFileSystem().exists(folder + "/" + name) else { continue }
                let file = try LocalFileSystem().open(folder + "/" + name, .read)
                sum += try file.size()
                try file.close()
            }
            return sum
        } catch {
            throw error.failure
        }
    }

    /// The files as a crash at this moment leaves them; nothing is being appended. Sealed chunks
    /// are shared, for nobody writes to them.
    private func crashImage(of place: String, at image: String) throws {
        let files = FileManager.default
        let (from, to) = (LedgerDirectory.chunks(place), LedgerDirectory.chunks(image))
        for attempt in 1... {
            do {
                try files.createDirectory(atPath: to, withIntermediateDirectories: true)
                // What names files before what it names: these may be replaced meanwhile.
                for name in [LedgerDirectory.snapshot, LedgerDirectory.manifest] {
                    try copy(from + "/" + name, to + "/" + name)
                }
                let chunks = try files.contentsOfDirectory(atPath: from)
                    .filter(LedgerDirectory.isChunk).sorted()
                for (index, name) in chunks.enumerated() {
                    if index < chunks.count - 2 {
                        try files.linkItem(atPath: from + "/" + name, toPath: to + "/" + name)
                    } else {
                        try copy(from + "/" + name, to + "/" + name)
                    }
                }
                return
            } catch  where attempt < 20 {
                try files.removeItem(atPath: image)
            }
        }
    }

    /// Durably, as what a crash leaves is: or the first sync of an append pays for the copy.
    private func copy(_ from: String, _ to: String) throws {
        try FileManager.default.copyItem(atPath: from, toPath: to)
        do throws(StorageError) {
            let file = try LocalFileSystem().open(to, .readWrite)
            try file.syncAll()
            try file.close()
        } catch {
            throw error.failure
        }
    }

    /// Seconds that reading the snapshot and the last two chunks takes.
    private func readUnsealed(_ image: String) throws -> Double {
        do throws(StorageError) {
            let folder = LedgerDirectory.chunks(image)
            let chunks = try LocalFileSystem().list(folder).filter(LedgerDirectory.isChunk)
            let start = monotonicNanoseconds()
            for name in [LedgerDirectory.snapshot] + chunks.suffix(2) {
                let file = try LocalFileSystem().open(folder + "/" + name, .read)
                var offset = 0
                while true {
                    let part = try file.read(count: 1 << 20, at: offset)
                    if part.isEmpty { break }
                    offset += part.count
                }
                try file.close()
            }
            return Self.elapsed(start)
        } catch {
            throw error.failure
        }
    }
}

/// Commits as platforms make them: events with ids, of 50 to 450 known profiles each, and in each
/// commit one that changes a field of some profiles.
private struct OpenEvents {
    /// Profiles of a commit that get another value of their field.
    private static let changedCount = 500

    let profileCount: Int
    private(set) var last = EventBatch()
    private var random = SplitMix64(state: 11)
    private var eventNumber = 0

    init(profileCount: Int) { self.profileCount = profileCount }

    /// All profiles, with a field each.
    func profiles() -> EventBatch {
        var batch = EventBatch()
        add(0..<profileCount, value: "C", to: &batch, eventID: "all")
        return batch
    }

    mutating func next(_ count: Int) -> EventBatch {
        var batch = EventBatch()
        for _ in 1..<count {
            let wanted = 50 + Int(random.next() % 401)
            let longest = UInt64(2 * profileCount / 450)
            var number = random.next() % longest
            var ordinals: [UInt32] = []
            ordinals.reserveCapacity(wanted)
            while ordinals.count < wanted, number < UInt64(profileCount) {
                ordinals.append(UInt32(number))
                number += 1 + random.next() % longest
            }
            batch.append(
                random.next() % 3 == 0 ? .profilesRemoved : .profilesAdded, segment: segment(),
                ordinals: ordinals)
            let id = batch.store("event-\(eventNumber)".utf8)
            batch.events[batch.events.count - 1].eventID = id
            eventNumber += 1
        }
        let first = Int(random.next() % UInt64(profileCount - Self.changedCount))
        add(
            first..<first + Self.changedCount, value: "\(eventNumber)", to: &batch,
            eventID: "c\(eventNumber)")
        last = batch
        return batch
    }

    private mutating func segment() -> SegmentID { SegmentID(Int64(random.next() % 1000) + 1) }

    private func add(
        _ numbers: Range<Int>, value: String, to batch: inout EventBatch, eventID: String
    ) {
        let name = batch.store("CustomID".utf8)
        let firstProfile = batch.profiles.count
        for number in numbers {
            let field = EventBatch.Field(
                name: name, kind: .text, value: batch.store("\(value)-\(number)".utf8))
            let id = batch.store("profile-\(number)".utf8)
            batch.profiles.append(
                EventBatch.Profile(
                    id: id, firstField: UInt32(batch.fields.count), fieldCount: 1))
            batch.fields.append(field)
        }
        batch.events.append(
            EventBatch.Event(
                kind: .profilesAdded, segment: SegmentID(1),
                eventID: batch.store(eventID.utf8), firstProfile: UInt32(firstProfile),
                profileCount: UInt32(numbers.count)))
    }
}
