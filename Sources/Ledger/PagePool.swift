internal import Synchronization

/// Hands out pages of 32 KiB and takes them back, from any thread. What was once asked of the
/// system is kept until the last page is gone: tables never shrink.
final class PagePool: Sendable {
    private struct State {
        var slabs: [UInt] = []
        /// Bytes of the last slab that were handed out.
        var used = MemorySlab.byteCount
        var free: [UInt] = []
    }

    private let state = Mutex(State())

    func take() -> (address: UInt, isFresh: Bool) {
        state.withLock { state in
            if let address = state.free.popLast() { return (address, false) }
            if state.used == MemorySlab.byteCount {
                // A small ledger does not pay for large pages that it would hardly touch.
                let slab = MemorySlab.map(MemorySlab.byteCount, isHuge: state.slabs.count > 0)
                state.slabs.append(UInt(bitPattern: slab))
                state.used = 0
            }
            defer { state.used += MemoryPage.byteCount }
            return (state.slabs[state.slabs.count - 1] + UInt(state.used), true)
        }
    }

    func giveBack(_ address: UInt) { state.withLock { $0.free.append(address) } }

    deinit {
        state.withLock { state in
            for slab in state.slabs {
                guard let base = UnsafeMutableRawPointer(bitPattern: slab) else { continue }
                MemorySlab.unmap(base, MemorySlab.byteCount)
            }
        }
    }
}
