import Glibc
import ProjectionModel
import SegmentModel

/// Runs all tasks of the process on the calling thread, one job after the other, in an order that a
/// seed decides, on virtual time.
///
/// The runtime hands every job that is ready to the hook below
/// (`swift_task_enqueueGlobal_hook` of libswift_Concurrency); `Task.yield()` in an actor does not
/// come through it, and is not to be used.
final class Scheduler: @unchecked Sendable {  // all on one thread
    typealias Hook = @convention(thin) (UnownedJob, @convention(thin) (UnownedJob) -> Void) -> Void

    private struct Sleeper {
        var time: UInt64
        var number: Int
        var continuation: UnsafeContinuation<Void, Never>
    }

    /// What runs jobs: tasks keep it as their preference.
    private final class Lane: TaskExecutor {
        func enqueue(_ job: consuming ExecutorJob) { Scheduler.shared.add(UnownedJob(job)) }
    }

    static let shared = Scheduler()

    private let lane = Lane()
    private var jobs: [UnownedJob] = []
    private var firstJob = 0
    private var sleepers: [Sleeper] = []
    private var sleeperCount = 0
    /// Nanoseconds.
    private(set) var now: UInt64 = 1_000_000_000
    private var random = SeededGenerator(seed: 0)
    private(set) var jobCount = 0

    /// Has the runtime give its jobs to the scheduler from now on.
    static func install() {
        guard let place = dlsym(dlopen(nil, RTLD_LAZY), "swift_task_enqueueGlobal_hook") else {
            fatalError("this Swift runtime lets nobody schedule its jobs")
        }
        place.assumingMemoryBound(to: Hook?.self).pointee = { job, _ in
            Scheduler.shared.add(job)
        }
    }

    private func add(_ job: UnownedJob) { jobs.append(job) }

    /// Begins a history.
    func reset(seed: UInt64) {
        (jobs, firstJob, sleepers) = ([], 0, [])
        random = SeededGenerator(seed: seed)
        (now, jobCount) = (1_000_000_000, 0)
    }

    /// Runs `body` with everything that it starts, to the end.
    ///
    /// - Returns: nil: everything waits, and nothing will come; or it takes `jobCountMax` jobs, and
    ///   is left as it is: no other history can follow.
    func run<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) -> Result? {
        let result = Box<Result?>(nil)
        Task.detached { result.value = await body() }
        while jobCount < Self.jobCountMax, step() {}
        return result.value
    }

    private static let jobCountMax = 1_000_000

    var isExhausted: Bool { jobCount >= Self.jobCountMax }

    /// Runs a job, or moves the time on to who sleeps; false: there is neither.
    private func step() -> Bool {
        if let job = nextJob() {
            jobCount += 1
            job.runSynchronously(on: lane.asUnownedTaskExecutor())
            return true
        }
        guard
            let index = sleepers.indices.min(by: {
                (sleepers[$0].time, sleepers[$0].number) < (sleepers[$1].time, sleepers[$1].number)
            })
        else { return false }
        let sleeper = sleepers.remove(at: index)
        now = max(now, sleeper.time)
        sleeper.continuation.resume()
        return true
    }

    /// Mostly who waits longest.
    private func nextJob() -> UnownedJob? {
        guard firstJob < jobs.count else { return nil }
        let count = jobs.count - firstJob
        if count > 1, random.next() % 4 == 0 {
            let place = firstJob + Int(random.next() % UInt64(count))
            jobs.swapAt(firstJob, place)
        }
        defer {
            firstJob += 1
            if firstJob > 64, firstJob * 2 > jobs.count {
                jobs.removeFirst(firstJob)
                firstJob = 0
            }
        }
        return jobs[firstJob]
    }

    /// Returns once so much virtual time has passed, or the task is cancelled.
    func sleep(nanoseconds: UInt64) async {
        sleeperCount += 1
        let number = sleeperCount
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume()
                } else {
                    sleepers.append(
                        Sleeper(
                            time: now + nanoseconds, number: number, continuation: continuation))
                }
            }
        } onCancel: {
            guard let index = sleepers.firstIndex(where: { $0.number == number }) else { return }
            sleepers.remove(at: index).continuation.resume()
        }
    }
}

/// A value that several closures of one thread share.
final class Box<Value>: @unchecked Sendable {
    var value: Value

    init(_ value: Value) { self.value = value }
}
