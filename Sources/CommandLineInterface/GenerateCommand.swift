internal import ArgumentParser
internal import EventJSON
internal import SegmentModel

struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Print realistic events (NDJSON) to try and to measure with.",
        discussion: "The same numbers and seed give the same events.")

    @Option(name: .long, help: "Different profiles.") var profiles = 10_000
    @Option(name: .long, help: "Different segments.") var segments = 10
    @Option(name: .long, help: "Changes: profiles entering or leaving.") var changes = 100_000
    @Option(name: .long, help: "Seed of the random numbers.") var seed: UInt64 = 1

    func run() throws {
        guard profiles > 0, segments > 0, changes >= 0 else {
            throw Failure(
                .usageInvalid, "--profiles and --segments take numbers from 1 on",
                hint: "for example --profiles 10000 --segments 10 --changes 100000")
        }
        var generator = EventGenerator(
            profileCount: profiles, segmentCount: segments, changeCount: changes, seed: seed)
        while let lines = generator.next() { Terminal.printBytes(lines) }
    }
}

/// Events like a platform's: segments of very different sizes, profiles that come, leave and come
/// back, names with apostrophes, fields that change now and then.
struct EventGenerator {
    private let profileCount: Int
    private let segmentCount: Int
    private var remaining: Int
    private var random: SplitMix64
    /// Milliseconds between two events, at most.
    private let stepMax: UInt64
    private var eventNumber = 0
    private var time = Timestamp(rfc3339: "2026-01-01T08:00:00Z")!
    private var members: [[Int]]
    private var isMember: [[Bool]]
    private let seed: UInt64

    init(profileCount: Int, segmentCount: Int, changeCount: Int, seed: UInt64) {
        self.profileCount = profileCount
        self.segmentCount = segmentCount
        self.seed = seed
        remaining = changeCount
        // An event has 78 changes on average. However many there are, they end within a year, so
        // that none lies ahead of the clock.
        let spanInMilliseconds: UInt64 = 200 * 24 * 3_600_000
        let eventCount = UInt64(changeCount / 78 + segmentCount + 1)
        stepMax = max(1, min(60_000, 2 * spanInMilliseconds / eventCount))
        random = SplitMix64(state: seed)
        members = Array(repeating: [], count: segmentCount)
        isMember = Array(
            repeating: Array(repeating: false, count: profileCount), count: segmentCount)
    }

    /// The next event as a line; nil when all changes are made.
    mutating func next() -> [UInt8]? {
        defer { eventNumber += 1 }
        if eventNumber < segmentCount { return segmentCreated(eventNumber) }
        guard remaining > 0 else { return nil }
        // Small segments are many, large ones few: the square of a uniform number.
        let uniform = Double(random.next() >> 11) / Double(1 << 53)
        let segment = Int(uniform * uniform * Double(segmentCount))
        let isBulk = random.next() % 20 == 0
        let wanted = 1 + Int(random.next() % (isBulk ? 2000 : 60))
        let count = min(wanted, remaining)
        let removes = members[segment].count > count && random.next() % 3 == 0
        return removes ? remove(segment, count) : add(segment, count)
    }

    private mutating func begin(_ type: String, _ segment: Int) -> JSONWriter {
        time = time.advanced(byMicroseconds: Int64(1000 * (1 + random.next() % stepMax)))
        var json = JSONWriter()
        json.beginObject()
        json.member("type", type)
        json.member("event_id", "g\(seed)-\(eventNumber)")
        json.member("time", time.description)
        json.member("segment_id", segment + 1)
        return json
    }

    private mutating func segmentCreated(_ segment: Int) -> [UInt8] {
        let names = ["VIP", "Lapsed", "O'Brien's list", "\"Spring\" offer", "Новые клиенты", "回頭客"]
        var json = begin("segment_created", segment)
        json.member("segment_name", "\(names[segment % names.count]) \(segment + 1)")
        json.member("database_id", 1)
        json.member("tags", [segment % 2 == 0 ? "rfm" : "manual"])
        json.endObject()
        json.newLine()
        return json.bytes
    }

    private mutating func add(_ segment: Int, _ count: Int) -> [UInt8] {
        var json = begin("profiles_added", segment)
        json.key("profiles")
        json.beginArray()
        var seen: Set<Int> = []
        for _ in 0..<count {
            let profile = Int(random.next() % UInt64(profileCount))
            guard seen.insert(profile).inserted else { continue }
            if !isMember[segment][profile] {
                isMember[segment][profile] = true
                members[segment].append(profile)
            }
            json.beginObject()
            json.member("id", "p\(profile)")
            json.key("fields")
            json.beginObject()
            json.member("CustomID", profile % 97 == 0 ? "O'N-\(profile)" : "C-\(profile)")
            if random.next() % 8 == 0 { json.member("orders", Int(random.next() % 40)) }
            json.endObject()
            json.endObject()
        }
        remaining -= seen.count
        json.endArray()
        json.endObject()
        json.newLine()
        return json.bytes
    }

    private mutating func remove(_ segment: Int, _ count: Int) -> [UInt8] {
        var json = begin("profiles_removed", segment)
        json.key("profiles")
        json.beginArray()
        for _ in 0..<count {
            let index = Int(random.next() % UInt64(members[segment].count))
            let profile = members[segment][index]
            members[segment].swapAt(index, members[segment].count - 1)
            members[segment].removeLast()
            isMember[segment][profile] = false
            json.beginObject()
            json.member("id", "p\(profile)")
            json.endObject()
        }
        remaining -= count
        json.endArray()
        json.endObject()
        json.newLine()
        return json.bytes
    }
}

/// The generator of Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014).
struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
