internal import Foundation
internal import Glibc

/// Keeps locks, as a careless colleague's session would.
package final class PostgresLock: @unchecked Sendable {  // one owner takes and releases it
    private let process = Process()
    private let input = Pipe()

    /// Returns once `statement` has taken its locks.
    package init(_ server: PostgresServer, url: String, taking statement: String) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [server.client, "-X", "-q", "-A", "-t", "-d", url]
        process.standardInput = input
        let output = Pipe()
        process.standardOutput = output
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        try process.run()
        let sql = "BEGIN; \(statement); SELECT 'held';\n"
        input.fileHandleForWriting.write(Data(sql.utf8))
        guard output.fileHandleForReading.availableData.starts(with: Data("held".utf8)) else {
            throw ServerProblem(description: "the lock was not taken")
        }
    }

    /// Rolls back and ends the session.
    package func release() throws {
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
