import EventJSON
import FrameCodec
import Ledger
import SegmentModel
import StorageIO
import Synchronization
import Testing

@testable import Sync

/// Receipts on their way into a ledger that is slow or fails, on a clock that is moved by hand.
@Suite("Receipts become durable soon, in order and once")
struct ReceiptQueueTests {
    private final class Lab {
        let world: World
        let ledger: TestLedger
        let time = SteppedClock()
        let queue: ReceiptQueue

        init() throws {
            world = try World()
            ledger = TestLedger(world.ledger)
            queue = ReceiptQueue(
                context: SyncContext(
                    ledger: ledger, projections: world.context.projections,
                    pool: world.context.pool,
                    clock: world.clock, time: time))
        }

        /// Tells them apart by their attempt.
        func receipt(_ number: Int) -> Receipt {
            Receipt(
                lane: LaneKey(integration: "crm", segment: SegmentID(1)), query: nil,
                outcome: .delivered, firstPosition: Position(0), lastPosition: Position(0),
                cursor: LaneCursor(position: nil), epoch: 1, attempt: number)
        }

        /// The numbers of those that are in the ledger.
        func recorded() throws -> [Int] {
            var numbers: [Int] = []
            var next = Position(0)
            while next < world.ledger.end, let frame = try world.ledger.frame(containing: next) {
                for event in frame.events where event.kind == .deliveryRecorded {
                    numbers.append(try Receipt.decode(frame.bytes[event.body.range]).attempt)
                }
                next = frame.endPosition
            }
            return numbers
        }

        func settle() async { for _ in 0..<200 { await Task.yield() } }
    }

    @Test("Receipts wait a second for others, and are then appended in one go")
    func interval() async throws {
        let lab = try Lab()
        try await lab.queue.add([lab.receipt(1)])
        while try lab.recorded() != [1] { await Task.yield() }
        try await lab.queue.add([lab.receipt(2)])
        try await lab.queue.add([lab.receipt(3), lab.receipt(4)])
        lab.time.advance(milliseconds: 999)
        await lab.settle()
        #expect(try lab.recorded() == [1])
        lab.time.advance(milliseconds: 1)
        while lab.ledger.state.withLock({ $0.appends.count }) < 2 { await Task.yield() }
        #expect(lab.ledger.state.withLock { $0.appends } == [1, 3])
        #expect(try lab.recorded() == [1, 2, 3, 4])
        try await lab.world.close()
    }

    @Test("INV-6: what is finished is durable, and waits for the append that is under way")
    func finish() async throws {
        let lab = try Lab()
        lab.ledger.state.withLock { $0.holdsAppends = true }
        try await lab.queue.add([lab.receipt(1)])
        while lab.ledger.state.withLock({ $0.waitingCount }) == 0 { await Task.yield() }
        let queue = lab.queue
        let isDone = Mutex(false)
        let task = Task {
            try await queue.finish()
            isDone.withLock { $0 = true }
        }
        await lab.settle()
        #expect(!isDone.withLock { $0 }, "the append is not done")
        lab.ledger.state.withLock { $0.holdsAppends = false }
        try await task.value
        #expect(try lab.recorded() == [1])
        try await lab.world.close()
    }

    @Test("INV-6: appends are made one after the other, in the order of the calls")
    func order() async throws {
        let lab = try Lab()
        lab.ledger.state.withLock { $0.holdsAppends = true }
        let queue = lab.queue
        try await queue.add([lab.receipt(1)])
        while lab.ledger.state.withLock({ $0.waitingCount }) == 0 { await Task.yield() }
        try await queue.add([lab.receipt(2)])
        let task = Task { try await queue.finish() }
        await lab.settle()
        #expect(lab.ledger.state.withLock { $0.waitingCount } == 1, "one at a time")
        lab.ledger.state.withLock { $0.holdsAppends = false }
        try await task.value
        #expect(try lab.recorded() == [1, 2])
        try await lab.world.close()
    }

    @Test("No more than so many wait: then they are appended at once")
    func limit() async throws {
        let lab = try Lab()
        try await lab.queue.add([lab.receipt(0)])
        while try lab.recorded() != [0] { await Task.yield() }
        for number in 1...ReceiptQueue.countMax { try await lab.queue.add([lab.receipt(number)]) }
        #expect(try lab.recorded() == Array(0...ReceiptQueue.countMax))
        try await lab.world.close()
    }

    @Test("INV-4: after an append that failed every call fails, and nothing more is appended")
    func failure() async throws {
        let lab = try Lab()
        lab.ledger.state.withLock {
            $0.appendFailure = Failure(.ledgerPoisoned, "the disk fails", hint: "mend it")
        }
        try await lab.queue.add([lab.receipt(1)])
        await #expect(throws: Failure.self) { try await lab.queue.finish() }
        await #expect(throws: Failure.self) { try await lab.queue.add([lab.receipt(2)]) }
        await #expect(throws: Failure.self) { try await lab.queue.finish { _ in } }
        #expect(try lab.recorded().isEmpty)
        try await lab.world.close()
    }
}
