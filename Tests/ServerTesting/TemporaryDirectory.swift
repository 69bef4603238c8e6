package import Foundation

/// A directory of a test's own, removed with its last reference.
package final class TemporaryDirectory: Sendable {
    package let url: URL

    package init() throws {
        url = FileManager.default.temporaryDirectory
            .appending(path: "segledger-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    }

    package var path: String { url.path }

    package func path(_ name: String) -> String { url.appending(path: name).path }

    deinit {
        do {
            try FileManager.default.removeItem(at: url)
        } catch {
            FileHandle.standardError.write(Data("cannot remove \(url.path): \(error)\n".utf8))
        }
    }
}
