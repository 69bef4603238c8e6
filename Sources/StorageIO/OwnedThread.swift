internal import Glibc
internal import Synchronization

/// One OS thread with a queue of jobs: where blocking calls run, so that nothing blocks Swift's
/// cooperative pool (two threads on a small machine).
///
/// Invariants:
/// - jobs run one at a time, in the order they came;
/// - after `stop()` the jobs already queued still run, later ones trap: the owner stops it last.
///
/// It is a `SerialExecutor`, so an actor that owns a C handle can live on it.
package final class OwnedThread: SerialExecutor {
    private let queue: JobQueue

    /// Starts the thread. `name` is what debuggers show, cut to 15 bytes by the kernel.
    package init(name: String) {
        queue = JobQueue()
        queue.startThread(name: name)
    }

    /// Runs `body` on the thread and returns what it returns.
    package func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.add(.work { continuation.resume(with: Swift.Result(catching: body)) })
        }
    }

    /// Runs `body` on the thread, later.
    package func submit(_ body: @escaping @Sendable () -> Void) {
        queue.add(.work(body))
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        queue.add(.job(UnownedJob(job), asUnownedSerialExecutor()))
    }

    /// Lets the thread end once its queue is empty.
    package func stop() {
        queue.stop()
    }

    deinit {
        queue.stop()
    }
}

/// The port to what may block: work that is done apart from the cooperative pool.
package protocol BlockingWork: Sendable {
    /// Runs `body`, and waits for it without blocking a thread of the pool.
    func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result
}

/// A bounded number of owned threads for blocking calls that belong to nobody, such as scans.
package final class BlockingPool: BlockingWork {
    private let threads: [OwnedThread]
    private let next = Atomic<Int>(0)

    package init(name: String, threadCount: Int) {
        precondition(threadCount > 0, "a pool has at least one thread")
        threads = (0..<threadCount).map { OwnedThread(name: "\(name)-\($0)") }
    }

    /// Runs `body` on one of the threads, in turn.
    package func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return try await threads[turn % threads.count].run(body)
    }
}

/// The queue, apart from `OwnedThread` so that the running thread does not keep its owner alive.
private final class JobQueue: Sendable {
    enum Entry {
        case work(@Sendable () -> Void)
        case job(UnownedJob, UnownedSerialExecutor)
    }

    private struct State {
        var entries: [Entry] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    private let wakeUp = WakeUp()

    func add(_ entry: Entry) {
        state.withLock { state in
            precondition(!state.isStopped, "a job came after its thread was stopped")
            state.entries.append(entry)
        }
        wakeUp.signal()
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        wakeUp.signal()
    }

    func startThread(name: String) {
        startDetachedThread(name: name) { self.runUntilStopped() }
    }

    private func runUntilStopped() {
        while true {
            let (entries, isStopped) = state.withLock { state in
                defer { state.entries.removeAll() }
                return (state.entries, state.isStopped)
            }
            for entry in entries {
                switch entry {
                case .work(let body): body()
                case .job(let job, let executor): job.runSynchronously(on: executor)
                }
            }
            if entries.isEmpty {
                if isStopped { return }
                wakeUp.wait()
            }
        }
    }
}

/// Starts an OS thread that runs `body` and ends with it.
package func startDetachedThread(name: String, _ body: @escaping @Sendable () -> Void) {
    final class Box {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, 8 << 20)
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(name: name, body: body))
    let status = pthread_create(
        &thread, &attributes,
        { argument in
            let box = Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue()
            nameCurrentThread(box.name)
            box.body()
            return nil
        }, box.toOpaque())
    precondition(status == 0, "the system refuses a thread (pthread_create: \(status))")
    pthread_attr_destroy(&attributes)
}

/// Gives the thread a name for debuggers and `ps -L`; where the system has no such file, it keeps
/// the process's.
private func nameCurrentThread(_ name: String) {
    let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = name.withCString { write(descriptor, $0, strlen($0)) }
    _ = close(descriptor)
}
