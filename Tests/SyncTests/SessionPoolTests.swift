import Connector
import SegmentModel
import Synchronization
import Testing

@testable import Sync

@Suite("The sessions of a connector are shared")
struct SessionPoolTests {
    /// Asks for a session: it waits for one, or has it, when this returns.
    private func ask(
        _ pool: SessionPool, _ name: String
    ) -> Task<SessionPool.Lease, any Error> {
        Task.immediate { try await pool.take(for: name) }
    }

    private final class Served: Sendable {
        let names = Mutex<[String]>([])
    }

    @Test("Who holds the fewest sessions is next, and among equals who waits longest")
    func fairness() async throws {
        let pool = SessionPool(connector: MemoryTarget(poolSize: 2))
        let served = Served()
        let first = try await pool.take(for: "a")
        let second = try await pool.take(for: "a")
        for name in ["a", "b", "c", "b"] {
            Task.immediate {
                let lease = try await pool.take(for: name)
                served.names.withLock { $0.append(name) }
                await pool.putBack(lease, of: name, isUsable: true)
            }
        }
        // `a` asked first, and holds the other session.
        await pool.putBack(first, of: "a", isUsable: true)
        while served.names.withLock({ $0.count }) < 4 { await Task.yield() }
        #expect(served.names.withLock { $0 } == ["b", "c", "b", "a"])
        await pool.putBack(second, of: "a", isUsable: true)
        await pool.close()
    }

    @Test(
        "No more are open than the pool's size, and one that is lost makes room",
        .timeLimit(.minutes(2)))
    func size() async throws {
        let target = MemoryTarget(poolSize: 2)
        let pool = SessionPool(connector: target)
        for round in 0..<5 {
            let leases = [try await pool.take(for: "a"), try await pool.take(for: "b")]
            let waiting = ask(pool, "c")
            await pool.putBack(leases[0], of: "a", isUsable: round % 2 == 0)
            let third = try await waiting.value
            await pool.putBack(leases[1], of: "b", isUsable: false)
            await pool.putBack(third, of: "c", isUsable: false)
        }
        #expect(target.state.withLock { $0.openSessionCountMax } == 2)
        #expect(target.state.withLock { $0.openSessionCount } == 0)
        await pool.close()
    }

    @Test("With a session that is lost those that rest are closed: theirs has most likely ended")
    func resting() async throws {
        let target = MemoryTarget(poolSize: 3)
        let pool = SessionPool(connector: target)
        var leases: [SessionPool.Lease] = []
        for _ in 0..<3 { leases.append(try await pool.take(for: "a")) }
        await pool.putBack(leases[0], of: "a", isUsable: true)
        await pool.putBack(leases[1], of: "a", isUsable: true)
        await pool.putBack(leases[2], of: "a", isUsable: false)
        #expect(target.state.withLock { $0.openSessionCount } == 0)
        #expect(try await pool.take(for: "a").isReused == false)
    }

    @Test("A cancellation ends what one integration runs, and nothing else")
    func cancels() async throws {
        let target = MemoryTarget(poolSize: 3)
        let pool = SessionPool(connector: target)
        let first = try await pool.take(for: "a")
        let second = try await pool.take(for: "a")
        _ = try await pool.take(for: "b")
        pool.cancel("a")
        #expect(
            target.state.withLock { $0.cancelled }
                == [ObjectIdentifier(first.session), ObjectIdentifier(second.session)])
    }

    @Test("Who is cancelled while he waits gets none, and nobody waits behind him")
    func cancelledWaiter() async throws {
        let pool = SessionPool(connector: MemoryTarget(poolSize: 1))
        let only = try await pool.take(for: "a")
        let cancelled = ask(pool, "b")
        let next = ask(pool, "c")
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { _ = try await cancelled.value }
        await pool.putBack(only, of: "a", isUsable: true)
        _ = try await next.value
    }
}
