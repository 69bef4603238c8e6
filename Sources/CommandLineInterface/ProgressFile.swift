internal import Projection
internal import SegmentModel
internal import StorageIO
internal import Sync
internal import Synchronization

/// How far the rebuilds are that this process runs, for whoever asks for the status meanwhile.
///
/// It is no part of the ledger and of no use afterwards: one line a rebuild, replaced whole once a
/// second, removed at the end. A line that is older than `freshMicroseconds` says nothing.
///
/// ```
/// request done total rows eta_seconds written_at
/// ```
/// All are whole numbers; -1 stands for a time that is not known.
final class ProgressFile: Sendable {
    struct Content: Hashable {
        var request: Position
        var done: Int
        var total: Int
        var rowCount: Int
        var etaSeconds: Double?
    }

    static let name = "REBUILDS"
    private static let intervalNanoseconds: UInt64 = 1_000_000_000
    private static let freshMicroseconds: Int64 = 10_000_000
    private static let byteCountMax = 1 << 20

    private struct State {
        var rebuilds: [String: Content] = [:]
        var writtenAt: UInt64?
    }

    private let path: String
    private let files = LocalFileSystem()
    private let state = Mutex(State())

    init(directory: String) { path = "\(directory)/\(Self.name)" }

    func note(_ progress: SyncProgress) {
        guard progress.activity == .resync, let request = progress.request else { return }
        state.withLock { state in
            state.rebuilds[progress.integration] = Content(
                request: request, done: progress.done, total: progress.total ?? progress.done,
                rowCount: progress.rowCount, etaSeconds: progress.etaSeconds)
            let now = monotonicNanoseconds()
            if let last = state.writtenAt, now < last + Self.intervalNanoseconds { return }
            state.writtenAt = now
            let time = SystemClock().now().rawValue
            let lines = state.rebuilds.values.map { one in
                let numbers = [
                    Int64(clamping: one.request.rawValue), Int64(one.done), Int64(one.total),
                    Int64(one.rowCount), one.etaSeconds.map { Int64($0.rounded(.up)) } ?? -1, time,
                ]
                return numbers.map(String.init).joined(separator: " ") + "\n"
            }
            do throws(StorageError) {
                try replace(with: lines.joined())
            } catch {
                // The rebuild needs no such file. A disk that takes none is what the ledger meets.
            }
        }
    }

    private func replace(with text: String) throws(StorageError) {
        let new = path + ".new"
        if try files.exists(new) { try files.remove(new) }
        let file = try files.open(new, .createNew)
        try file.write(Array(text.utf8), at: 0)
        try file.close()
        try files.rename(new, to: path)
    }

    /// Runs `body`, and removes the file whatever happens.
    func removing<Result>(_ body: () async throws -> Result) async throws -> Result {
        let result: Result
        do {
            result = try await body()
        } catch {
            try removeFailing()
            throw error
        }
        try removeFailing()
        return result
    }

    private func removeFailing() throws(Failure) {
        do throws(StorageError) {
            try remove()
        } catch {
            throw error.failure
        }
    }

    private func remove() throws(StorageError) {
        for file in [path, path + ".new"] where try files.exists(file) { try files.remove(file) }
    }

    /// What the process that holds the directory says, by request.
    static func read(directory: String, at now: Timestamp) throws(StorageError) -> [Content] {
        let (files, path) = (LocalFileSystem(), "\(directory)/\(name)")
        guard try files.exists(path) else { return [] }
        let file = try files.open(path, .read)
        let bytes = try file.readAll(path, limit: byteCountMax)
        try file.close()
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        return lines.compactMap { line in
            let numbers = line.split(separator: " ").compactMap { Int64($0) }
            guard numbers.count == 6, numbers[0] >= 0,
                abs(now.rawValue - numbers[5]) < freshMicroseconds
            else { return nil }
            return Content(
                request: Position(UInt64(numbers[0])), done: Int(numbers[1]),
                total: Int(numbers[2]), rowCount: Int(numbers[3]),
                etaSeconds: numbers[4] < 0 ? nil : Double(numbers[4]))
        }
    }
}
