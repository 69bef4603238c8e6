import Foundation
import Ledger
import Testing

/// A directory that is removed at the end of the test.
final class Scratch {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("segledger-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Issue.record("cannot remove \(path): \(error)")
        }
    }

    func open() throws -> FileLedger {
        try FileLedger.open(FileLedger.Options(directory: path, access: .write))
    }
}
