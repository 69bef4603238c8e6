import FrameCodec
import Ledger
import SegmentModel
import StorageTesting
import Synchronization
import Testing

/// Ids by the position at which they were acknowledged.
private final class Acknowledged: Sendable {
    let ids = Mutex<[UInt64: String]>([:])
}

/// Many callers and readers at once: what ThreadSanitizer looks at (`make tsan`).
@Suite("A ledger that many use at once")
struct LedgerStressTests {
    private static let callerCount = 32
    private static let turnCount = TestRegime.isLong ? 200 : 20

    @Test("INV-1, INV-2: 32 callers, readers and waiters agree, up to the close")
    func everyoneAtOnce() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        let acknowledged = Acknowledged()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<Self.callerCount {
                group.addTask {
                    for turn in 0..<Self.turnCount {
                        let id = "\(caller)-\(turn)"
                        let result = try await ledger.append(batch(Int64(caller), [id, "shared"]))
                        let position = result.firstPosition!
                        // What is acknowledged can be read.
                        #expect(position < ledger.end)
                        try Self.expect(id, at: position, in: ledger)
                        acknowledged.ids.withLock { $0[position.rawValue] = id }
                    }
                }
            }
            for _ in 0..<4 {
                group.addTask { try await Self.follow(ledger) }
            }
            group.addTask {
                // A waiter that gives up.
                let waiter = Task { await ledger.waitForEvent(at: Position(UInt64.max)) }
                _ = await ledger.waitForEvent(at: Position(10))
                waiter.cancel()
                #expect(await waiter.value == false)
            }
            try await group.waitForAll()
        }
        let end = UInt64(Self.callerCount * Self.turnCount)
        #expect(ledger.end == Position(end))
        async let isThere = ledger.waitForEvent(at: Position(end))
        try await ledger.close()
        #expect(await isThere == false)
        let again = try scratch.open(.read)
        let found = acknowledged.ids.withLock { $0 }
        #expect(found.count == Int(end))
        for (position, id) in found { try Self.expect(id, at: Position(position), in: again) }
        try await again.close()
    }

    /// Reads every frame as soon as it is there.
    private static func follow(_ ledger: FileLedger) async throws {
        var position = Position(0)
        let end = Position(UInt64(callerCount * turnCount))
        while position < end, await ledger.waitForEvent(at: position) {
            let frame = try #require(try ledger.frame(containing: position))
            for event in frame.events { #expect(frame.ordinals[event.ordinalRange].count == 2) }
            position = frame.endPosition
        }
        #expect(position == end)
    }

    private static func expect(
        _ id: String, at position: Position, in ledger: FileLedger
    ) throws {
        let frame = try #require(try ledger.frame(containing: position))
        let event = frame.events[Int(position.rawValue - frame.firstPosition.rawValue)]
        let ids = frame.ordinals[event.ordinalRange].map {
            ledger.profileID(of: ProfileOrdinal($0))
        }
        #expect(Set(ids) == [id, "shared"])
    }
}
