internal import Foundation

/// Speaks TLS before a server on loopback that does not (`tls_front.py`).
package final class TLSFront: Sendable {
    package let port: Int
    private let keeper: ServerKeeper

    package init(to serverPort: Int, _ files: CertificateFiles) throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "tls_front.py").path
        let port = try LoopbackPort.free()
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "segledger-tls-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false)
        keeper = try ServerKeeper(
            ["python3", "-B", script, "\(port)", "\(serverPort)", files.certificate, files.key],
            directory: directory, stoppingWith: "KILL")
        self.port = port
        try keeper.waitUntilReady { try LoopbackPort.knock(port) }
    }

    package func stop() {
        keeper.stop()
    }
}
