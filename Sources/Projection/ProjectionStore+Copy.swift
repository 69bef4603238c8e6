internal import GRDB
internal import Glibc
internal import SegmentModel

extension ProjectionStore {
    /// Copies the projections of a directory, in use or not, into another, which is there and holds
    /// none; changes nothing where they are, and leaves none of SQLite's own files there. False:
    /// there are none. Blocks on files.
    package static func copy(from directory: String, into target: String) throws -> Bool {
        let path = "\(directory)/\(fileName)"
        let copy = "\(target)/\(fileName)"
        guard access(path, F_OK) == 0 else { return false }
        try requireFiles(directory)
        // As long as nobody writes, the file and its write-ahead log are all there is. Reading them
        // through SQLite would make its own files, or change them.
        for _ in 0..<attemptCount {
            let before = try stamps(path)
            // Two writes inside one tick of the file system's clock have one time.
            if try before.values.contains(where: isFresh) {
                usleep(2 * clockTickMicrosecondsMax)
                continue
            }
            try remove(copy)
            for suffix in before.keys { try copyFile(path + suffix, copy + suffix) }
            if try stamps(path) == before { return true }
        }
        try mappingDatabaseErrors("copying the projections") {
            var configuration = GRDB.Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(10)
            let source = try DatabaseQueue(path: path, configuration: configuration)
            try remove(copy)
            try source.backup(to: DatabaseQueue(path: copy))
            try source.close()
        }
        return true
    }

    private static let attemptCount = 4
    private static let clockTickMicrosecondsMax: UInt32 = 20_000

    /// Written to just now.
    private static func isFresh(_ stamp: [Int]) throws -> Bool {
        var now = timespec()
        guard clock_gettime(CLOCK_REALTIME, &now) == 0 else {
            throw failure("clock_gettime", fileName)
        }
        let age = (now.tv_sec - stamp[2]) * 1_000_000 + (now.tv_nsec - stamp[3]) / 1000
        return age < Int(clockTickMicrosecondsMax)
    }

    /// Of the file and its write-ahead log, by their suffixes: change with every write to them.
    private static func stamps(_ path: String) throws -> [String: [Int]] {
        var stamps: [String: [Int]] = [:]
        for suffix in ["-wal", ""] {
            var status = stat()
            guard stat(path + suffix, &status) == 0 else {
                guard errno == ENOENT else { throw failure("stat", path + suffix) }
                continue
            }
            stamps[suffix] = [
                Int(status.st_ino), Int(status.st_size), status.st_mtim.tv_sec,
                status.st_mtim.tv_nsec,
            ]
        }
        return stamps
    }

    private static func remove(_ path: String) throws {
        for suffix in ["-wal", ""] {
            guard unlink(path + suffix) == 0 || errno == ENOENT else {
                throw failure("unlink", path + suffix)
            }
        }
    }

    private static func copyFile(_ source: String, _ target: String) throws {
        let input = Glibc.open(source, O_RDONLY | O_CLOEXEC)
        // Gone meanwhile: the stamps tell.
        if input < 0, errno == ENOENT { return }
        guard input >= 0 else { throw failure("open", source) }
        defer { Glibc.close(input) }
        let output = Glibc.open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw failure("open", target) }
        defer { Glibc.close(output) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = Glibc.read(input, &buffer, buffer.count)
            if count == 0 { return }
            guard count > 0 else { throw failure("read", source) }
            var done = 0
            while done < count {
                let written = buffer.withUnsafeBytes {
                    Glibc.write(output, $0.baseAddress! + done, count - done)
                }
                guard written > 0 else { throw failure("write", target) }
                done += written
            }
        }
    }

    private static func failure(_ call: String, _ path: String) -> Failure {
        Failure(.storageFailed, "\(call) \(path): \(String(cString: strerror(errno)))")
    }
}

extension ProjectionStore {
    /// What SQLite finds wrong with the structure of the projections' file, as sentences without
    /// values; none: nothing. Only of a file that no process has open. Blocks on files.
    package static func structureFaults(directory: String) throws -> [String] {
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        do {
            let queue = try DatabaseQueue(
                path: "\(directory)/\(fileName)", configuration: configuration)
            let found = try queue.read { database in
                try String.fetchAll(database, sql: "PRAGMA integrity_check(20)")
            }
            try queue.close()
            return found == ["ok"] ? [] : found
        } catch let error as DatabaseError {
            return [error.message ?? "SQLite error \(error.resultCode.rawValue)"]
        }
    }
}
