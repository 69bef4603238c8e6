internal import EventJSON
internal import Foundation
internal import FrameCodec
internal import Ledger
internal import SegmentModel
internal import StorageIO

extension Bench {
    private static let ingestProfileCount = 2_000_000
    private static let ingestProfilesPerEvent = 10_000

    /// NDJSON from a file to durable, as `segledger append` does it: once with ids that the ledger
    /// has never seen, once more with the same ones. Beside it Foundation's `JSONDecoder` over the
    /// same bytes, which checks less and stores nothing.
    func ingest() async throws -> [BenchFigure] {
        let path = directory + "/ingest.ndjson"
        let decoded = try writeIngest(to: path)
        let ledger = try FileLedger.open(
            FileLedger.Options(directory: directory + "/ingest", access: .write))
        let new = try await ingest(path, into: ledger)
        let known = try await ingest(path, into: ledger)
        try checkIngest(ledger)
        try await ledger.close()
        let name = "JSONDecoder, same lines, 1 core"
        return [
            BenchFigure(
                what: "NDJSON to durable, new ids", value: new, unit: "profiles/s",
                ceiling: decoded, ceilingName: name),
            BenchFigure(
                what: "NDJSON to durable, known ids", value: known, unit: "profiles/s",
                ceiling: decoded, ceilingName: name),
        ]
    }

    private func ingest(_ path: String, into ledger: FileLedger) async throws -> Double {
        let input = try InputFile(path)
        defer { input.close() }
        let start = monotonicNanoseconds()
        var ingest = EventIngest(input, into: ledger, now: SystemClock().now())
        try await ingest.run()
        let rate = Double(ingest.total.changeCount) / Self.elapsed(start)
        try Self.check(
            ingest.total.changeCount == Self.ingestProfileCount, "the number of changes appended")
        return rate
    }

    /// Each id stands where it was first named, each event has all its profiles, twice.
    private func checkIngest(_ ledger: FileLedger) throws {
        try Self.check(ledger.profileCount == Self.ingestProfileCount, "the number of profiles")
        for number in stride(from: 0, to: Self.ingestProfileCount, by: 997) {
            try Self.check(
                ledger.profileID(of: ProfileOrdinal(UInt32(number))) == "profile-\(number)",
                "the id of a profile")
        }
        var seen = 0
        var position = Position(0)
        while let frame = try ledger.frame(containing: position) {
            for event in frame.events {
                let first = UInt32(seen % Self.ingestProfileCount)
                let ordinals = first..<first + UInt32(Self.ingestProfilesPerEvent)
                try Self.check(
                    frame.ordinals[event.ordinalRange].elementsEqual(ordinals),
                    "the profiles of an event")
                seen += ordinals.count
            }
            position = frame.endPosition
        }
        try Self.check(seen == 2 * Self.ingestProfileCount, "the number of changes")
    }

    /// Writes the events; returns how many profiles a second `JSONDecoder` reads of the first.
    private func writeIngest(to path: String) throws -> Double {
        do throws(StorageError) {
            let file = try LocalFileSystem().open(path, .createNew)
            var offset = 0
            for event in 0..<Self.ingestProfileCount / Self.ingestProfilesPerEvent {
                let line = Self.ingestLine(event)
                try file.write(line, at: offset)
                offset += line.count
            }
            try file.close()
        } catch {
            throw error.failure
        }
        return try jsonDecoderRate()
    }

    private func jsonDecoderRate() throws -> Double {
        let lines = (0..<10).map { Data(Self.ingestLine($0)) }
        let decoder = JSONDecoder()
        let start = monotonicNanoseconds()
        var count = 0
        for line in lines {
            count += try decoder.decode(DecodedEvent.self, from: line).profiles.count
        }
        let rate = Double(count) / Self.elapsed(start)
        try Self.check(count == 10 * Self.ingestProfilesPerEvent, "what JSONDecoder reads")
        return rate
    }

    private struct DecodedEvent: Decodable {
        struct Profile: Decodable {
            var id: String
            var fields: [String: String]
        }

        var type: String
        // As in the event.
        var segment_id: Int64
        var profiles: [Profile]
    }

    private static func ingestLine(_ event: Int) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(ingestProfilesPerEvent * 64)
        line += Array("{\"type\":\"profiles_added\",\"segment_id\":\(event % 50 + 1),".utf8)
        line += Array("\"profiles\":[".utf8)
        for index in 0..<ingestProfilesPerEvent {
            let number = String(event * ingestProfilesPerEvent + index)
            if index > 0 { line.append(UInt8(ascii: ",")) }
            line += "{\"id\":\"profile-".utf8
            line += number.utf8
            line += "\",\"fields\":{\"CustomID\":\"C-".utf8
            line += number.utf8
            line += "\"}}".utf8
        }
        line += "]}\n".utf8
        return line
    }
}
