internal import Foundation

/// A certificate for 127.0.0.1 or another name, the authority that signed it, and one that did not.
package final class CertificateFiles: Sendable {
    private let directory: TemporaryDirectory

    package var certificate: String { directory.path("server.pem") }
    package var key: String { directory.path("server.key") }
    package var authority: String { directory.path("authority.pem") }
    package var otherAuthority: String { directory.path("other.pem") }

    package init(name: String = "IP:127.0.0.1") throws {
        directory = try TemporaryDirectory()
        for name in ["authority", "other"] {
            try openssl(
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                "/CN=\(name)", "-keyout", directory.path("\(name).key"), "-out",
                directory.path("\(name).pem"))
        }
        try openssl(
            "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server", "-keyout", key, "-out",
            directory.path("server.csr"))
        let extensions = directory.path("extensions")
        try "subjectAltName=\(name)\n".write(
            toFile: extensions, atomically: true, encoding: .utf8)
        try openssl(
            "x509", "-req", "-in", directory.path("server.csr"), "-CA", authority, "-CAkey",
            directory.path("authority.key"), "-CAcreateserial", "-days", "2", "-extfile",
            extensions, "-out", certificate)
        // The server's user reads it.
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
    }

    private func openssl(_ arguments: String...) throws {
        try runOrThrow(["openssl"] + arguments)
    }
}
