import Ledger
import SegmentModel
import StorageTesting
import Testing

/// Every bit of every file flipped, every file cut at every length (docs/internals/testing.md).
///
/// The files are those of the ledger's directory, whatever they are; of the dictionary's snapshot,
/// whose reader has a test of its own for every bit, one in 97.
@Suite("A damaged ledger")
struct LedgerDamageTests {
    /// A small ledger of several chunks, as it was closed or as a kill left it.
    private struct Sample {
        let files: [String: [UInt8]]
        /// All of them acknowledged.
        let events: [String]

        init(isClosed: Bool) async throws {
            let system = SimulatedFileSystem(directories: SimulatedRun.directory)
            let ledger = try FileLedger.open(Self.options(system))
            for turn in 0..<5 {
                let ids = (0..<4).map { "p\($0)-\(turn)" }
                _ = try await ledger.append(batch(1, ids, eventID: "e\(turn)"))
            }
            events = try lines(ledger)
            let killed = system.ledgerFiles
            try await ledger.close()
            files = isClosed ? system.ledgerFiles : killed
        }

        private static func options(
            _ system: SimulatedFileSystem, witness: Int? = nil
        ) -> FileLedger.Options {
            var options = SimulatedRun.options(system, witness: witness)
            options.sizes.chunkByteCount = 1 << 10
            options.sizes.spareCount = 1
            options.sizes.reserveByteCount = 256
            return options
        }

        /// What an opening of damaged files returns; nil if they are refused, and then unchanged.
        func open(_ files: [String: [UInt8]], witness: Int?) async throws -> [String]? {
            let system = SimulatedFileSystem(files: files)
            let ledger: FileLedger
            do {
                ledger = try FileLedger.open(Self.options(system, witness: witness))
            } catch let failure as Failure {
                guard [.ledgerCorrupt, .formatUnknown].contains(failure.code) else { throw failure }
                guard system.ledgerFiles == files else {
                    throw CrashFinding(description: "a refusal changed the files")
                }
                return nil
            }
            let found: [String]
            do {
                found = try lines(ledger)
            } catch let failure as Failure where failure.code == .ledgerCorrupt {
                // A sealed chunk that the opening had no need to read.
                try await ledger.close()
                return nil
            } catch {
                try await ledger.close()
                throw error
            }
            try await ledger.close()
            let again = try FileLedger.open(Self.options(system, witness: witness))
            let second = try lines(again)
            try await again.close()
            guard second == found else {
                throw CrashFinding(description: "another opening returns other events")
            }
            return found
        }
    }

    @Test("INV-2, INV-3: every flipped bit of a closed ledger is refused or loses nothing")
    func everyBit() async throws {
        let sample = try await Sample(isClosed: true)
        try await flipEveryBit(sample, witness: nil)
    }

    @Test("INV-2, INV-3: every flipped bit after a kill is refused, or the witness misses nothing")
    func everyBitAfterKill() async throws {
        let sample = try await Sample(isClosed: false)
        try await flipEveryBit(sample, witness: sample.events.count)
    }

    private func flipEveryBit(_ sample: Sample, witness: Int?) async throws {
        var refusedCount = 0
        var flipCount = 0
        for (path, bytes) in sample.files.sorted(by: { $0.key < $1.key }) {
            // The zeros made ahead of the data are all alike.
            let zerosStart = bytes.lastIndex { $0 != 0 }.map { $0 + 129 } ?? 0
            for bit in 0..<min(bytes.count, zerosStart) * 8
            where !path.hasSuffix("/DICTIONARY") || bit % 97 == 0 {
                var files = sample.files
                files[path]![bit / 8] ^= 1 << (bit % 8)
                flipCount += 1
                do {
                    let found = try await sample.open(files, witness: witness)
                    if found == nil { refusedCount += 1 }
                    guard found == nil || found == sample.events else {
                        throw CrashFinding(description: "\(found!) came back")
                    }
                } catch {
                    let finding = "\(path), bit \(bit): \(error)"
                    Issue.record("\(finding)")
                    return
                }
            }
        }
        #expect(refusedCount > flipCount / 2)
    }

    @Test(
        "INV-2, INV-3: a file cut at any length, or gone, is refused, or what is left is a prefix",
        arguments: [true, false])
    func everyLength(isClosed: Bool) async throws {
        let sample = try await Sample(isClosed: isClosed)
        var refusedCount = 0
        for (path, bytes) in sample.files.sorted(by: { $0.key < $1.key }) {
            let zerosStart = bytes.lastIndex { $0 != 0 }.map { $0 + 129 } ?? 0
            for count in -1..<min(bytes.count, zerosStart)
            where !path.hasSuffix("/DICTIONARY") || count < 0 || count % 97 == 0 {
                var files = sample.files
                files[path] = count < 0 ? nil : Array(bytes.prefix(count))
                do {
                    let found = try await sample.open(files, witness: nil)
                    guard found.map({ sample.events.starts(with: $0) }) ?? true else {
                        throw CrashFinding(description: "\(found!) came back")
                    }
                    let isComplete = found == sample.events
                    let witnessed = try await sample.open(files, witness: sample.events.count)
                    guard witnessed == (isComplete ? found : nil) else {
                        throw CrashFinding(description: "events are missing, and it opens")
                    }
                    if witnessed == nil { refusedCount += 1 }
                } catch {
                    let finding = "\(path), cut at \(count): \(error)"
                    Issue.record("\(finding)")
                    return
                }
            }
        }
        #expect(refusedCount > 0)
    }
}
