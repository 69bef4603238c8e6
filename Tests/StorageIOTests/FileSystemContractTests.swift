import Foundation
import StorageIO
import StorageTesting
import Testing

/// What the ledger relies on, of the machine's file system and of the simulated one alike.
@Suite("The file system port")
struct FileSystemContractTests {
    enum Kind: String, CaseIterable, Sendable {
        case local, simulated
    }

    /// A file system with an empty directory.
    private final class Place {
        let system: any FileSystem
        let directory: String

        init(_ kind: Kind) throws {
            switch kind {
            case .local:
                system = LocalFileSystem()
                directory =
                    FileManager.default.temporaryDirectory
                    .appending(path: "segledger-port-\(UUID().uuidString)").path
            case .simulated:
                system = SimulatedFileSystem()
                directory = "/a/b"
            }
            try system.makeDirectory(directory)
        }

        func path(_ name: String) -> String { directory + "/" + name }

        deinit {
            guard system is LocalFileSystem else { return }
            do {
                try FileManager.default.removeItem(atPath: directory)
            } catch {
                Issue.record("cannot remove \(directory): \(error)")
            }
        }
    }

    @Test(
        "Reads and writes are positional; a gap reads as zeros; a read ends at the file's end",
        arguments: Kind.allCases)
    func transfer(kind: Kind) throws {
        let place = try Place(kind)
        let file = try place.system.open(place.path("f"), .createNew)
        try file.write([1, 2, 3], at: 2)
        try file.write([9], at: 3)
        #expect(try file.read(10, at: 0) == [0, 0, 1, 9, 3])
        #expect(try file.read(2, at: 3) == [9, 3])
        #expect(try file.read(2, at: 5) == [])
        #expect(try file.size() == 5)
        try file.truncate(to: 3)
        try file.truncate(to: 4)
        #expect(try file.read(10, at: 0) == [0, 0, 1, 0])
        try file.sync()
        try file.syncAll()
        try file.dropCache()
        #expect(try file.read(10, at: 0) == [0, 0, 1, 0])
        try file.close()
    }

    @Test("An open file outlives its name and what is renamed over it", arguments: Kind.allCases)
    func names(kind: Kind) throws {
        let place = try Place(kind)
        let old = try place.system.open(place.path("old"), .createNew)
        try old.write([1], at: 0)
        let new = try place.system.open(place.path("new"), .createNew)
        try new.write([2], at: 0)
        try place.system.rename(place.path("new"), to: place.path("old"))
        #expect(try place.system.list(place.directory) == ["old"])
        #expect(try old.read(1, at: 0) == [1])
        let opened = try place.system.open(place.path("old"), .read)
        #expect(try opened.read(1, at: 0) == [2])
        try place.system.remove(place.path("old"))
        #expect(try place.system.exists(place.path("old")) == false)
        #expect(try opened.read(1, at: 0) == [2])
        try place.system.syncDirectory(place.directory)
        for file in [old, new, opened] { try file.close() }
    }

    @Test("What is not there or there already is refused with its errno", arguments: Kind.allCases)
    func refusals(kind: Kind) throws {
        let place = try Place(kind)
        let system = place.system
        try system.open(place.path("f"), .createNew).close()
        func errno(_ body: () throws -> Void) -> Int32? {
            do {
                try body()
                return nil
            } catch {
                return (error as? StorageError)?.errno
            }
        }
        #expect(errno { _ = try system.open(place.path("f"), .createNew) } == EEXIST)
        #expect(errno { _ = try system.open(place.path("g"), .read) } == ENOENT)
        #expect(errno { _ = try system.open(place.path("g/h"), .createNew) } == ENOENT)
        #expect(errno { try system.remove(place.path("g")) } == ENOENT)
        #expect(errno { try system.rename(place.path("g"), to: place.path("h")) } == ENOENT)
        #expect(errno { _ = try system.list(place.path("g")) } == ENOENT)
        #expect(errno { try system.makeDirectory(place.directory) } == nil)
        for mode in [FileMode.read, .readWrite, .readPrivate] {
            #expect(errno { _ = try system.open(place.directory, mode) } == EISDIR)
        }
    }

    @Test("A lock is given once, and again after its release", arguments: Kind.allCases)
    func locks(kind: Kind) throws {
        let place = try Place(kind)
        let first = try #require(try place.system.lock(place.path("LOCK")))
        #expect(try place.system.lock(place.path("LOCK")) == nil)
        first.release()
        let second = try #require(try place.system.lock(place.path("LOCK")))
        second.release()
    }
}

extension File {
    func write(_ bytes: [UInt8], at offset: Int) throws {
        try bytes.withUnsafeBytes { try write($0, at: offset) }
    }

    func read(_ count: Int, at offset: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0xff, count: count)
        let done = try bytes.withUnsafeMutableBytes { try read(into: $0, at: offset) }
        return Array(bytes.prefix(done))
    }
}
