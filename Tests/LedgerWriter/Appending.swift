import Glibc
import Ledger
import SegmentModel
import StorageTesting

/// Appends until the process is ended.
struct Appending {
    let directory: String

    func run(callerCount: Int) async throws {
        // A reader that has gone ends the process with an error, not with a signal.
        signal(SIGPIPE, SIG_IGN)
        let ledger = try FileLedger.open(FileLedger.Options(directory: directory, access: .write))
        for notice in ledger.notices { say(notice) }
        let start = ledger.end.rawValue
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<callerCount {
                group.addTask { try await append(to: ledger, "\(start)-\(caller)", caller) }
            }
            try await group.waitForAll()
        }
    }

    private func append(to ledger: FileLedger, _ name: String, _ caller: Int) async throws {
        var generator = SeededGenerator(seeds: TestRegime.seed, UInt64(caller))
        var turn = 0
        while true {
            let id = "\(name)-\(turn)"
            turn += 1
            var batch = EventBatch()
            // Now and then more than a page, now and then more than one event.
            let count = generator.chance(1, in: 40) ? 3000 : generator.below(20)
            let others = (0..<count).map { "profile-\(generator.below(5000))-\($0)" }
            batch.append(
                .profilesAdded, segment: SegmentID(Int64(caller)),
                profiles: ([id] + others).map { ($0, [("CustomID", .text("C-\($0)"))]) })
            for _ in 0..<generator.below(3) {
                batch.append(.segmentCleared, segment: SegmentID(Int64(caller)))
            }
            let result = try await ledger.append(batch)
            writeWhole("\(result.firstPosition!) \(id)\n", to: STDOUT_FILENO)
        }
    }
}
