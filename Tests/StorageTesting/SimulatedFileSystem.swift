internal import Glibc
package import StorageIO
internal import Synchronization

/// A file system in memory that counts what is asked of it, fails on order, and tells what it may
/// look like after a power cut, at any operation, while it goes on being used.
///
/// Deterministic: the same calls give the same disk. Assumptions about a real disk (they are those
/// of docs/ARCHITECTURE.md, section 5):
/// - data is on the disk for good once `sync` or `syncAll` of its file has returned;
/// - a name, created, moved or removed, is once `syncDirectory` of its directory has returned;
/// - everything else may be there or not, whole or in part (`CrashMode`);
/// - bytes outside an unsynced write keep their value.
package final class SimulatedFileSystem: FileSystem {
    struct State {
        var disk: SimulatedDisk
        /// What the disk was at the start.
        let origin: SimulatedDisk
        var changes: [SimulatedDisk.Change] = []
        var operations: [SimulatedOperation] = []
        var fault: InjectedFault?
        var locks: Set<String> = []
    }

    let state: Mutex<State>
    /// Differs from disk to disk and follows from the seeds: for whoever draws random numbers that
    /// must not come twice.
    package let number: UInt64

    /// An empty disk: only the root, and those of `directories` (with their parents), for good.
    package convenience init(directories: String...) {
        var disk = SimulatedDisk()
        for path in directories { disk.placeDirectory(path) }
        self.init(disk: disk)
    }

    init(disk: SimulatedDisk, number: UInt64 = 0) {
        self.number = number
        state = Mutex(State(disk: disk, origin: disk))
    }

    /// A disk that holds these files for good.
    package convenience init(files: [String: [UInt8]]) {
        var disk = SimulatedDisk()
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) { disk.place(bytes, at: path) }
        self.init(disk: disk)
    }

    // MARK: For tests

    /// Every call so far.
    package var operations: [SimulatedOperation] { state.withLock { $0.operations } }

    package var operationCount: Int { state.withLock { $0.operations.count } }

    /// Number of changes of the disk so far: where a power cut can come.
    package var changeCount: Int { state.withLock { $0.changes.count } }

    /// What readers see, by path.
    package var files: [String: [UInt8]] {
        let disk = state.withLock { $0.disk }
        var files: [String: [UInt8]] = [:]
        for path in disk.paths { files[path] = disk.files[disk.file(path)!].current }
        return files
    }

    package func arm(_ fault: InjectedFault?) {
        state.withLock { $0.fault = fault }
    }

    /// The history of the disk, to look at it as it was after each change.
    package var history: DiskHistory {
        state.withLock { DiskHistory(disk: $0.origin, changes: $0.changes, number: number) }
    }

    /// As the disk may look after a power cut now.
    package func crashImage(_ mode: CrashMode, seed: UInt64) -> SimulatedFileSystem {
        var generator = SeededGenerator(seeds: seed)
        let disk = state.withLock { $0.disk }
        return SimulatedFileSystem(
            disk: disk.crashed(mode, &generator), number: generator.next() &+ number &+ 1)
    }

    // MARK: The port

    package func list(_ directory: String) throws(StorageError) -> [String] {
        try perform(.list, directory) { state throws(StorageError) in
            guard let folder = state.disk.folder(directory) else {
                throw StorageError(call: "opendir", path: directory, errno: ENOENT)
            }
            return state.disk.names(in: folder)
        }
    }

    package func makeDirectory(_ path: String) throws(StorageError) {
        try perform(.makeDirectory, path) { state throws(StorageError) in
            var parent = ""
            for name in path.split(separator: "/") {
                parent += "/" + name
                if state.disk.folder(parent) == nil { state.change(.makeDirectory(parent)) }
            }
        }
    }

    package func exists(_ path: String) throws(StorageError) -> Bool {
        try perform(.exists, path) { state throws(StorageError) in state.disk.entry(path) != nil }
    }

    package func open(_ path: String, _ mode: FileMode) throws(StorageError) -> any File {
        let kind: SimulatedOperation.Kind = mode == .createNew ? .create : .open
        let number = try perform(kind, path) { state throws(StorageError) in
            let found = state.disk.file(path)
            guard mode == .createNew else {
                if state.disk.folder(path) != nil {
                    throw StorageError(notFit: .directory, path: path)
                }
                guard let found else { throw StorageError(call: "open", path: path, errno: ENOENT) }
                return found
            }
            guard found == nil else { throw StorageError(call: "open", path: path, errno: EEXIST) }
            try state.create(path)
            return state.disk.file(path)!
        }
        return SimulatedFile(
            system: self, number: number, path: path,
            isWritable: mode == .readWrite || mode == .createNew)
    }

    package func rename(_ source: String, to target: String) throws(StorageError) {
        try perform(.rename, source) { state throws(StorageError) in
            guard state.disk.entry(source) != nil,
                state.disk.folder(splitPath(target).parent) != nil
            else { throw StorageError(call: "rename", path: source, errno: ENOENT) }
            state.change(.rename(source, target))
        }
    }

    package func remove(_ path: String) throws(StorageError) {
        try perform(.remove, path) { state throws(StorageError) in
            guard state.disk.file(path) != nil else {
                throw StorageError(call: "unlink", path: path, errno: ENOENT)
            }
            state.change(.remove(path))
        }
    }

    package func syncDirectory(_ path: String) throws(StorageError) {
        try perform(.syncDirectory, path) { state throws(StorageError) in
            guard state.disk.folder(path) != nil else {
                throw StorageError(call: "open", path: path, errno: ENOENT)
            }
            state.change(.syncDirectory(path))
        }
    }

    package func lock(_ path: String) throws(StorageError) -> (any FileLock)? {
        let isTaken = try perform(.lock, path) { state throws(StorageError) in
            if state.disk.file(path) == nil { try state.create(path) }
            return state.locks.insert(path).inserted
        }
        return isTaken ? SimulatedFileLock(system: self, path: path) : nil
    }
}

extension SimulatedFileSystem.State {
    mutating func change(_ change: SimulatedDisk.Change) {
        changes.append(change)
        disk.apply(change)
    }

    mutating func create(_ path: String) throws(StorageError) {
        guard disk.folder(splitPath(path).parent) != nil else {
            throw StorageError(call: "open", path: path, errno: ENOENT)
        }
        change(.create(path))
    }
}

final class SimulatedFileLock: FileLock {
    private let system: SimulatedFileSystem
    private let path: String

    init(system: SimulatedFileSystem, path: String) {
        self.system = system
        self.path = path
    }

    func release() {
        system.state.withLock { _ = $0.locks.remove(path) }
    }
}
