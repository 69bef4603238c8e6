import Glibc
import StorageIO
import StorageTesting
import Testing

/// The simulated disk itself: a power cut takes what was not synced, and nothing else.
@Suite("The simulated file system")
struct SimulatedFileSystemTests {
    private static let seeds: [UInt64] = Array(0..<40)

    /// A file of 2 KiB of ones, synced with its name; then 1 KiB of twos over its end, not synced.
    private func half() throws -> (SimulatedFileSystem, any File) {
        let system = SimulatedFileSystem(directories: "/d")
        let file = try system.open("/d/f", .createNew)
        try file.write([UInt8](repeating: 1, count: 2048), at: 0)
        try file.sync()
        try system.syncDirectory("/d")
        try file.write([UInt8](repeating: 2, count: 1024), at: 1536)
        return (system, file)
    }

    @Test(
        "What was synced stays in every mode; each mode damages only the rest",
        arguments: CrashMode.allCases)
    func modes(mode: CrashMode) throws {
        let (system, _) = try half()
        var outcomes: Set<[UInt8]> = []
        for seed in Self.seeds {
            let bytes = try #require(system.crashImage(mode, seed: seed).files["/d/f"])
            #expect(bytes.prefix(1536).allSatisfy { $0 == 1 })
            #expect((2048...2560).contains(bytes.count))
            outcomes.insert(bytes)
        }
        let written = system.files["/d/f"]!
        switch mode {
        case .processKilled, .entriesLost: #expect(outcomes == [written])
        case .unsyncedLost: #expect(outcomes == [[UInt8](repeating: 1, count: 2048)])
        case .reordered: #expect(outcomes.count == 2)
        case .sectorsKept, .zeros:
            #expect(outcomes.count > 2)
            #expect(outcomes.contains { $0 != written })
        case .garbage: #expect(outcomes.count > 10)
        }
    }

    @Test("A seed gives the same disk each time")
    func determinism() throws {
        let (system, _) = try half()
        for mode in CrashMode.allCases {
            #expect(
                system.crashImage(mode, seed: 7).files == system.crashImage(mode, seed: 7).files)
        }
    }

    @Test("A name is durable once its directory was synced, not when its file was")
    func entries() throws {
        let system = SimulatedFileSystem(directories: "/d")
        let file = try system.open("/d/new", .createNew)
        try file.write([1], at: 0)
        try file.syncAll()
        #expect(system.crashImage(.entriesLost, seed: 0).files == [:])
        try system.rename("/d/new", to: "/d/name")
        try system.syncDirectory("/d")
        #expect(system.crashImage(.entriesLost, seed: 0).files == ["/d/name": [1]])
        try system.remove("/d/name")
        #expect(system.crashImage(.entriesLost, seed: 0).files == ["/d/name": [1]])
        #expect(system.files == [:])
        try system.makeDirectory("/d/e/f")
        try system.open("/d/e/f/g", .createNew).close()
        try system.syncDirectory("/d/e/f")
        // The way to it is not durable.
        #expect(system.crashImage(.entriesLost, seed: 0).files == ["/d/name": [1]])
    }

    @Test("After a failed sync a later one succeeds without writing what was lost")
    func failedSync() throws {
        let (system, file) = try half()
        system.arm(InjectedFault(operation: system.operationCount, errno: EIO))
        #expect(throws: StorageError(call: "sync", path: "/d/f", errno: EIO)) { try file.sync() }
        try file.sync()
        let written = system.files["/d/f"]!
        let kept = system.crashImage(.sectorsKept, seed: 1).files["/d/f"]!
        #expect(kept != written)
        // The cache hides it until it is dropped.
        #expect(try file.read(4096, at: 0) == written)
        try file.dropCache()
        #expect(try file.read(4096, at: 0) == kept)
    }

    @Test("A fault strikes once or for ever; a full disk still takes what needs no room")
    func faults() throws {
        let (system, file) = try half()
        system.arm(
            InjectedFault(
                operation: system.operationCount, errno: ENOSPC, effect: .doneInPart,
                duration: .forever))
        #expect(throws: StorageError.self) { try file.write([3, 3, 3, 3], at: 2560) }
        #expect(try file.size() == 2562)
        #expect(throws: StorageError.self) { try file.write([3, 3, 3, 3], at: 2560) }
        #expect(throws: StorageError.self) { _ = try system.open("/d/other", .createNew) }
        try file.write([3], at: 0)
        try file.sync()
        system.arm(InjectedFault(operation: system.operationCount, errno: EIO))
        #expect(throws: StorageError.self) { _ = try file.size() }
        #expect(try file.size() == 2562)
        #expect(system.operations.filter { $0.errno != nil }.count == 4)
    }

    @Test("The history gives the disk after each change")
    func history() throws {
        let (system, _) = try half()
        var history = system.history
        var sizes: [Int?] = []
        while !history.isAtEnd {
            history.advance()
            sizes.append(history.crashImage(.processKilled, seed: 0).files["/d/f"]?.count)
        }
        #expect(sizes == [0, 2048, 2048, 2048, 2560])
        #expect(!history.isSettled)
    }
}
