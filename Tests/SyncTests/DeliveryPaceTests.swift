import Connector
import Ledger
import Projection
import SegmentModel
import Synchronization
import Testing

@testable import Sync

@Suite("How large deliveries are, by what became of the last ones")
struct DeliveryPaceTests {
    private func run(
        count: Int = 1000, isFill: Bool = false, _ change: (inout MemoryTarget.State) -> Void
    ) async throws -> (outcome: IntegrationOutcome, target: MemoryTarget) {
        let world = try World(size: 100)
        if isFill { world.definition.start = .fill }
        if !isFill { try await world.configure() }
        try await world.append(.profilesAdded, 1, (0..<count).map { "p\($0)." })
        if isFill { try await world.configure() }
        let target = MemoryTarget()
        target.state.withLock { change(&$0) }
        let outcome = try await world.sync(target)
        try await world.close()
        return (outcome, target)
    }

    @Test(
        "A limit that grows with the batch is met once, not with each batch",
        arguments: [CursorSupport.transactional, .fenceOnly])
    func limit(_ support: CursorSupport) async throws {
        let (outcome, target) = try await run { ($0.sizeMax, $0.support) = (20, support) }
        #expect(outcome.state == .done)
        #expect(outcome.parkedChangeCount == 0)
        #expect(target.members.count == 1000)
        // 100, 50 and 25; and again where more was tried after a while.
        #expect(target.state.withLock { $0.refusalCount } <= 5)
        #expect(target.queries.count <= 100)
    }

    @Test("A rebuild meets such a limit once as well")
    func rebuild() async throws {
        let (outcome, target) = try await run(isFill: true) { $0.sizeMax = 20 }
        #expect(outcome.state == .done)
        #expect(target.members.count == 1000)
        #expect(target.state.withLock { $0.refusalCount } <= 5)
    }

    @Test("One change that is too large alone is set aside, and the others go on in full batches")
    func single() async throws {
        let (outcome, target) = try await run { state in
            (state.poison, state.poisonClass) = ("'p500.'", .tooLarge)
        }
        #expect(outcome.parkedChangeCount == 1)
        #expect(target.members.count == 999)
        #expect(target.queries.count < 30, "\(target.queries.count)")
    }

    @Test("Nine hundred refused rows are some nine hundred refusals, not nine thousand")
    func allRefused() async throws {
        let (outcome, target) = try await run(count: 900) { $0.poison = "." }
        #expect(outcome.parkedChangeCount == 900)
        #expect(target.state.withLock { $0.refusalCount } < 950)
    }

    @Test("Every tenth row refused costs eight refusals for each at most")
    func someRefused() async throws {
        let (outcome, target) = try await run { $0.poison = "1." }
        #expect(outcome.parkedChangeCount == 100)
        #expect(target.members.count == 900)
        #expect(target.state.withLock { $0.refusalCount } < 800)
    }

    @Test("What was careful grows again to full deliveries")
    func grows() {
        var pace = DeliveryPace()
        pace.refusedOne()
        #expect(pace.size(100) == 100)
        pace.refusedOne()
        #expect(pace.size(100) == 1)
        var sizes: [Int] = []
        for _ in 0..<7 {
            pace.passed(pace.size(100), of: 100)
            sizes.append(pace.size(100))
        }
        #expect(sizes == [2, 4, 8, 16, 32, 64, 100])
        pace.tooLarge(100)
        #expect(pace.size(100) == 50)
        for _ in 0..<64 { pace.passed(50, of: 100) }
        #expect(pace.size(100) == 100)
    }
}
