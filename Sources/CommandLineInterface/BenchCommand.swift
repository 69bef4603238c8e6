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
            Every figure is checked: what was written is read back. Deliveries to PostgreSQL are \
            measured when --postgresql names a database that may be written to.
            """)

    @Option(name: .long, help: "A directory on the disk to measure. Default: a temporary one.")
    var into: String?

    @Option(name: .long, help: "URL of a PostgreSQL database to measure deliveries with.")
    var postgresql: String?

    @Option(name: .long, help: "Seconds for each of the short figures.")
    var seconds = 2

    @Flag(name: .long, help: "Print JSON instead of text.")
    var json = false

    func run() async throws {
        let base = into ?? FileManager.default.temporaryDirectory.path
        let directory = base + "/segledger-bench-\(UUID().uuidString.prefix(8))"
        try LocalFileSystem().makeDirectoryForCommand(directory)
        var figures: [BenchFigure] = []
        let bench = Bench(directory: directory, seconds: max(1, seconds))
        do {
            figures += try await bench.appends()
            figures.append(try await bench.commits())
            figures += try await bench.bulk()
            figures += try await bench.ingest()
            figures += try await bench.sizes()
            figures += try await bench.replays()
            figures += try await bench.delivery(postgresql: postgresql)
        } catch {
            remove(directory)
            throw error
        }
        remove(directory)
        print(figures)
    }

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

struct BenchFigure {
    var what: String
    var value: Double
    var unit: String
    var ceiling: Double?
    var ceilingName: String?
}

extension LocalFileSystem {
    func makeDirectoryForCommand(_ path: String) throws {
        do throws(StorageError) {
            try makeDirectory(path)
        } catch {
            throw error.failure
        }
    }
}
