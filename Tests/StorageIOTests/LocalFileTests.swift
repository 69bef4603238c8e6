import Foundation
import StorageTesting
import Synchronization
import Testing

@testable import StorageIO

/// Short transfers and interruptions, which only the system calls themselves can show.
@Suite("A file of the machine")
struct LocalFileTests {
    /// Runs `body` with a file whose transfers `calls` carries out.
    private func withFile(_ calls: TransferCalls, _ body: (LocalFile) throws -> Void) throws {
        let path =
            FileManager.default.temporaryDirectory
            .appending(path: "segledger-file-\(UUID().uuidString)").path
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        #expect(unlink(path) == 0)
        let file = LocalFile(descriptor: descriptor, path: path, calls: calls)
        try body(file)
        try file.close()
    }

    @Test("A transfer that is shortened or interrupted again and again is completed")
    func shortAndInterrupted() throws {
        let generator = Mutex(SeededGenerator(seeds: TestRegime.seed))
        let interruptions = Mutex(0)
        /// How much of a transfer happens; nil: it is interrupted.
        @Sendable func part(_ count: Int) -> Int? {
            generator.withLock { generator in
                if generator.chance(1, in: 3) {
                    interruptions.withLock { $0 += 1 }
                    errno = EINTR
                    return nil
                }
                return 1 + generator.below(count)
            }
        }
        let system = TransferCalls()
        let calls = TransferCalls(
            read: { file, bytes, count, offset in
                part(count).map { system.read(file, bytes, $0, offset) } ?? -1
            },
            write: { file, bytes, count, offset in
                part(count).map { system.write(file, bytes, $0, offset) } ?? -1
            })
        try withFile(calls) { (file) throws in
            let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            try file.write(bytes, at: 100)
            #expect(try file.size() == 5100)
            #expect(try file.read(6000, at: 100) == bytes, "seed \(TestRegime.seed)")
        }
        #expect(interruptions.withLock { $0 } > 0)
    }

    @Test("A full disk behind a short write is reported, not swallowed", arguments: [ENOSPC, EIO])
    func errorAfterShortWrite(reason: Int32) throws {
        let turn = Mutex(0)
        let system = TransferCalls()
        let calls = TransferCalls(write: { file, bytes, count, offset in
            if turn.withLock({
                $0 += 1; return $0
            }) == 1 {
                return system.write(file, bytes, count / 2, offset)
            }
            errno = reason
            return -1
        })
        try withFile(calls) { (file) throws in
            #expect {
                try file.write([1, 2, 3, 4], at: 0)
            } throws: {
                ($0 as? StorageError)?.errno == reason
            }
            #expect(try file.size() == 2)
        }
    }

    @Test("A device that takes nothing is an error, not an endless loop")
    func nothingTaken() throws {
        try withFile(TransferCalls(write: { _, _, _, _ in 0 })) { file in
            #expect {
                try file.write([1], at: 0)
            } throws: {
                ($0 as? StorageError)?.errno == EIO
            }
        }
    }
}
