import Foundation
import ServerTesting
import Testing

/// The real events of `../shared/data` beside the repository, and what a fold of a few lines, which
/// shares no code with Segledger, makes of them.
struct CDNOW {
    /// Why a test passes over itself where the data is not there.
    static let absence: Comment = "../shared/data is not there, so nothing was tested on real data"

    private static let directory: URL = {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url.deletingLastPathComponent().appendingPathComponent("shared/data")
    }()

    static var isThere: Bool {
        FileManager.default.fileExists(
            atPath: directory.appendingPathComponent("cdnow-events.ndjson.xz").path)
    }

    let lines: [Data]

    init() throws {
        let process = Process()
        let pipe = Pipe()
        let file = Self.directory.appendingPathComponent("cdnow-events.ndjson.xz").path
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["xz", "-dc", file]
        process.standardOutput = pipe
        try process.run()
        let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        lines = bytes.split(separator: 0x0A)
    }

    var text: Data { Self.joined(lines) }

    static func joined(_ lines: some Sequence<Data>) -> Data {
        var text = Data()
        for line in lines {
            text += line
            text.append(0x0A)
        }
        return text
    }

    /// `cdnow-membership.json`: day, segment, and what `audit members --count` says.
    static func oracle() throws -> [(day: String, segment: String, count: Int, sha256: String)] {
        let file = directory.appendingPathComponent("cdnow-membership.json")
        let object = try JSONSerialization.jsonObject(with: Data(contentsOf: file))
        let days = (object as! [String: Any])["as_of"] as! [String: [String: [String: Any]]]
        return days.sorted { $0.key < $1.key }.flatMap { day, segments in
            segments.sorted { $0.key < $1.key }.map {
                (day, $0.key, $0.value["count"] as! Int, $0.value["sha256"] as! String)
            }
        }
    }
}

/// Who is in which segment after some events, and what the segments are called.
struct Membership {
    private(set) var members: [Int: Set<String>] = [:]
    private(set) var names: [Int: String] = [:]
    private var customIDs: [String: String] = [:]
    /// How often each `segment|client|sign` was said or, by clearing, meant: what a journal without
    /// a key and without `clear_segment` holds.
    private(set) var changes: [String: Int] = [:]

    /// - Parameter day: events of later days are left out.
    init(_ lines: some Sequence<Data>, through day: String = "9999") throws {
        for line in lines {
            let event = try JSONSerialization.jsonObject(with: line) as! [String: Any]
            if (event["time"] as! String).prefix(day.count) > day { break }
            apply(event)
        }
    }

    private mutating func apply(_ event: [String: Any]) {
        let segment = event["segment_id"] as! Int
        let type = event["type"] as! String
        let profiles = event["profiles"] as? [[String: Any]] ?? []
        for profile in profiles {
            let id = profile["id"] as! String
            if let custom = (profile["fields"] as? [String: Any])?["CustomID"] as? String {
                customIDs[id] = custom
            }
            count(id, in: segment, sign: type == "profiles_added" ? 1 : -1)
        }
        if type == "segment_cleared" || type == "segment_deleted" {
            for id in members[segment, default: []] { count(id, in: segment, sign: -1) }
        }
        let ids = profiles.map { $0["id"] as! String }
        switch type {
        case "profiles_added": members[segment, default: []].formUnion(ids)
        case "profiles_removed": members[segment, default: []].subtract(ids)
        case "segment_created", "segment_updated": names[segment] = event["segment_name"] as? String
        case "segment_cleared": members[segment] = []
        default:
            members[segment] = []
            names[segment] = nil
        }
    }

    private mutating func count(_ id: String, in segment: Int, sign: Int) {
        changes["\(segment)|\(customIDs[id]!)|\(sign)", default: 0] += 1
    }

    /// `segment|client` of every member, sorted.
    var rows: [String] {
        members.flatMap { segment, ids in ids.map { "\(segment)|\(customIDs[$0]!)" } }.sorted()
    }

    /// `segment|name` of every segment, sorted.
    var segmentRows: [String] { names.map { "\($0.key)|\($0.value)" }.sorted() }
}

/// Rows that only one of two sorted lists has: empty if they are equal. At most ten, so that a
/// failure can be read.
func difference(_ found: [String], _ expected: [String]) -> [String] {
    let changes = found.difference(from: expected)
    return changes.prefix(10).map { change in
        switch change {
        case .insert(_, let row, _): "too many: \(row)"
        case .remove(_, let row, _): "missing: \(row)"
        }
    }
}

/// The rows of a target's answer, sorted.
func rows(_ text: String) -> [String] { text.split(separator: "\n").map(String.init).sorted() }
