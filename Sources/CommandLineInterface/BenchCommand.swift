internal import ArgumentParser
internal import EventJSON
internal import Foundation
internal import Ledger
internal import SegmentModel
internal import StorageIO

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure this machine: appends, replay, delivery, each beside its ceiling.",
        discussion: """
            Every figure is checked: what was written is read back. Each is the median of \
            several rounds, and so is its ceiling, which is measured in the same rounds. \
            Deliveries to a server are measured when --postgresql, --mysql or --clickhouse names \
            a database that may be written to.
            """)

    @Option(name: .long, help: "A directory on the disk to measure. Default: a temporary one.")
    var into: String?

    @Option(name: .long, help: "URL of a PostgreSQL database to measure deliveries with.")
    var postgresql: String?

    @Option(name: .long, help: "URL of a MySQL or MariaDB database, likewise.")
    var mysql: String?

    @Option(name: .long, help: "URL of a ClickHouse database, likewise.")
    var clickhouse: String?

    @Option(name: .long, help: "Seconds for each of the short figures.")
    var seconds = 2

    @Option(name: .long, help: "Rounds of which the median counts.")
    var rounds = 3

    @Option(
        name: .long, help: "A part to measure; may be given again. Default: all.")
    var only: [BenchPart] = []

    @Flag(name: .long, help: "Print JSON instead of text.")
    var json = false

    func validate() throws {
        guard (1...100).contains(rounds) else {
            throw ValidationError("--rounds is \(rounds): it must be 1 to 100")
        }
        guard (1...3600).contains(seconds) else {
            throw ValidationError("--seconds is \(seconds): it must be 1 to 3600")
        }
    }

    func run() async throws {
        let base = into ?? FileManager.default.temporaryDirectory.path
        guard try LocalFileSystem().existsForCommand(base) else {
            throw Failure(
                .notFound, "there is no directory \(base)",
                hint: "make it, or name another with --into")
        }
        let directory = base + "/segledger-bench-\(UUID().uuidString.prefix(8))"
        try LocalFileSystem().makeDirectoryForCommand(directory)
        var figures: [BenchFigure] = []
        do {
            for part in BenchPart.allCases where only.isEmpty || only.contains(part) {
                figures += try await medians(of: part, directory)
            }
        } catch {
            remove(directory)
            throw error
        }
        remove(directory)
        print(figures)
    }

    private func medians(of part: BenchPart, _ directory: String) async throws -> [BenchFigure] {
        var all: [[BenchFigure]] = []
        for round in 1...rounds {
            let place = "\(directory)/\(part.rawValue)-\(round)"
            try LocalFileSystem().makeDirectoryForCommand(place)
            let bench = Bench(directory: place, seconds: seconds)
            let targets = BenchTargets(
                postgresql: postgresql, mysql: mysql, clickhouse: clickhouse)
            all.append(try await bench.measure(part, targets))
            remove(place)
        }
        return all[0].indices.map { index in
            var figure = all[0][index]
            figure.value = median(all.map { $0[index].value })
            let ceilings = all.compactMap { $0[index].ceiling }
            figure.ceiling = ceilings.isEmpty ? nil : median(ceilings)
            return figure
        }
    }

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    private func remove(_ directory: String) {
        do {
            try FileManager.default.removeItem(atPath: directory)
        } catch {
            Terminal.printError("segledger: \(directory) could not be removed")
        }
    }

    private func print(_ figures: [BenchFigure]) {
        if json {
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("figures")
            writer.beginArray()
            for figure in figures {
                writer.beginObject()
                writer.member("what", figure.what)
                writer.member("value", figure.value)
                writer.member("unit", figure.unit)
                writer.member("ceiling", figure.ceiling)
                writer.member("ceiling_is", figure.ceilingName)
                writer.endObject()
            }
            writer.endArray()
            writer.endObject()
            Terminal.printLine(writer.text)
            return
        }
        var table = TextTable("WHAT", "VALUE", "UNIT", "CEILING", "RATIO", "CEILING IS")
        for figure in figures {
            table.add(
                figure.what, Self.short(figure.value), figure.unit,
                figure.ceiling.map(Self.short) ?? "-",
                figure.ceiling.map { Self.short(figure.value / $0) } ?? "-",
                figure.ceilingName ?? "-")
        }
        Terminal.printLine(table.printed())
    }

    private static func short(_ value: Double) -> String {
        if value >= 100 { return String(Int(value.rounded())) }
        return String((value * 100).rounded() / 100)
    }
}

/// What `segledger bench` measures, in its order.
enum BenchPart: String, CaseIterable, ExpressibleByArgument {
    case appends, commits, bulk, ndjson, sizes, replay, open, render, delivery
}

extension Bench {
    func measure(_ part: BenchPart, _ targets: BenchTargets) async throws -> [BenchFigure] {
        switch part {
        case .appends: try await appends()
        case .commits: [try await commits()]
        case .bulk: try await bulk()
        case .ndjson: try await ingest()
        case .sizes: try await sizes()
        case .replay: try await replays()
        case .open: [try await open()]
        case .render: try rendering()
        case .delivery: try await delivery(targets)
        }
    }
}

struct BenchFigure {
    var what: String
    var value: Double
    var unit: String
    var ceiling: Double?
    var ceilingName: String?
}

extension LocalFileSystem {
    func existsForCommand(_ path: String) throws -> Bool {
        do throws(StorageError) {
            return try exists(path)
        } catch {
            throw error.failure
        }
    }

    func makeDirectoryForCommand(_ path: String) throws {
        do throws(StorageError) {
            try makeDirectory(path)
        } catch {
            throw error.failure
        }
    }
}
