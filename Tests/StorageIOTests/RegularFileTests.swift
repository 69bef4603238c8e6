import Foundation
import SegmentModel
import StorageIO
import Testing

/// What stands at a path and is no file of data: refused at once, by every way of opening one.
@Suite("Only regular files are opened")
final class RegularFileTests {
    private let directory: String
    private let system = LocalFileSystem()

    init() throws {
        directory =
            FileManager.default.temporaryDirectory
            .appending(path: "segledger-regular-\(UUID().uuidString)").path
        try system.makeDirectory(directory)
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: directory)
        } catch {
            Issue.record("cannot remove \(directory): \(error)")
        }
    }

    enum Special: CaseIterable, Sendable {
        case pipe, directory, socket, device, linkToPipe, linkToDevice
    }

    private func make(_ special: Special) throws -> String {
        let path = directory + "/it"
        switch special {
        case .pipe: try #require(mkfifo(path, 0o600) == 0)
        case .directory: try system.makeDirectory(path)
        case .socket: try makeSocket(path)
        case .device: return "/dev/zero"
        case .linkToPipe:
            try #require(mkfifo(path + "-target", 0o600) == 0)
            try #require(symlink(path + "-target", path) == 0)
        case .linkToDevice: try #require(symlink("/dev/zero", path) == 0)
        }
        return path
    }

    private func makeSocket(_ path: String) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(status == 0)
    }

    /// Waiting for a pipe's other end would hang this test, which is how it fails.
    @Test("A pipe, a directory, a socket, a device and a link to one are refused by their kind")
    func specials() throws {
        for special in Special.allCases {
            let path = try make(special)
            let expected: StorageError.Misfit =
                switch special {
                case .pipe, .linkToPipe: .pipe
                case .directory: .directory
                case .socket: .socket
                case .device, .linkToDevice: .device
                }
            for mode in [FileMode.read, .readWrite] {
                let error = try #require(throws: StorageError.self) {
                    _ = try system.open(path, mode)
                }
                #expect(error.misfit == expected, "\(special) \(mode)")
                #expect(error.failure.message.hasPrefix(path + " is a"), "\(special) \(mode)")
                #expect(error.failure.hint != nil)
            }
            #expect(throws: StorageError.self) { _ = try system.open(path, .readPrivate) }
            #expect(throws: StorageError.self) { _ = try system.open(path, .createNew) }
            #expect(throws: StorageError.self) { _ = try system.lock(path) }
            #expect(throws: StorageError.self) { try RegularFile.requireAtMost(path) }
            #expect(throws: StorageError.self) { _ = try RegularFile.openToRead(path) }
            if special != .device { try FileManager.default.removeItem(atPath: path) }
        }
    }

    @Test("A link to a file is followed, and one to nothing makes none")
    func links() throws {
        let (file, link, nothing) = (directory + "/f", directory + "/l", directory + "/n")
        try system.open(file, .createNew).close()
        try #require(symlink(file, link) == 0)
        try #require(symlink(directory + "/missing", nothing) == 0)
        try system.open(link, .read).close()
        try system.open(link, .readWrite).close()
        #expect(throws: StorageError.self) { _ = try system.open(link, .createNew) }
        #expect(throws: StorageError.self) { _ = try system.open(nothing, .createNew) }
        #expect(try system.exists(directory + "/missing") == false)
    }

    @Test("INV-10: a private file is its owner's alone, and no link")
    func privateFiles() throws {
        let (file, link) = (directory + "/f", directory + "/l")
        try system.open(file, .createNew).close()
        try system.open(file, .readPrivate).close()
        try #require(symlink(file, link) == 0)
        let error = try #require(throws: StorageError.self) {
            _ = try system.open(link, .readPrivate)
        }
        #expect(error.misfit == .link)
        for mode: mode_t in [0o640, 0o620, 0o604, 0o602, 0o601, 0o644, 0o777] {
            try #require(chmod(file, mode) == 0)
            let error = try #require(throws: StorageError.self) {
                _ = try system.open(file, .readPrivate)
            }
            #expect(error.misfit == .readableByOthers, "\(String(mode, radix: 8))")
            try system.open(file, .read).close()
        }
    }

    @Test("INV-10: what is made is its maker's alone, from its first moment")
    func modes() throws {
        func mode(_ path: String) -> mode_t {
            var status = stat()
            return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
        }
        try system.makeDirectory(directory + "/a/b")
        try system.open(directory + "/a/f", .createNew).close()
        try RegularFile.makeIfMissing(directory + "/a/m")
        try RegularFile.makeIfMissing(directory + "/a/m")
        for path in ["/a", "/a/b"] { #expect(mode(directory + path) == 0o700, "\(path)") }
        for path in ["/a/f", "/a/m"] { #expect(mode(directory + path) == 0o600) }
    }

    @Test("A file longer than any of its kind is refused before it is read")
    func tooLarge() throws {
        let path = directory + "/f"
        let file = try system.open(path, .createNew)
        try file.truncate(to: 100)
        #expect(try file.readAll(path, limit: 100).count == 100)
        try file.truncate(to: 1 << 40)
        let error = try #require(throws: StorageError.self) {
            _ = try file.readAll(path, limit: 100)
        }
        #expect(error.misfit == .tooLarge)
        try file.close()
    }
}
