internal import Synchronization

/// Calls `body` once for each number below `count`, on the calling thread and on another one, and
/// returns when all are done. The order is anybody's guess.
///
/// - Parameter isShared: whether a second thread helps; without, the calls come in order.
/// - Concurrency: blocks; call it on an owned thread.
package func shareWork(
    _ count: Int, isShared: Bool, _ body: @escaping @Sendable (Int) -> Void
) {
    let next = Mutex(0)
    @Sendable func take() -> Int? {
        next.withLock { next in
            guard next < count else { return nil }
            defer { next += 1 }
            return next
        }
    }
    guard isShared, count > 1 else {
        while let number = take() { body(number) }
        return
    }
    let done = WakeUp()
    startDetachedThread(name: "helper") {
        while let number = take() { body(number) }
        done.signal()
    }
    while let number = take() { body(number) }
    done.wait()
}
