internal import Foundation
internal import Glibc

/// A session of a server's own client that keeps what it has taken, as a careless colleague's
/// would.
package final class LockingClient: @unchecked Sendable {  // one owner takes and releases it
    private let process = Process()
    private let input = Pipe()

    /// Returns once `statements`, which return nothing, have run.
    init(_ command: [String], taking statements: String) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardInput = input
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        try process.run()
        send("\(statements); SELECT 'held'")
        guard output.fileHandleForReading.availableData.starts(with: Data("held".utf8)) else {
            throw ServerProblem(description: "the lock was not taken")
        }
    }

    /// Hands over one more statement, and does not wait for it.
    package func send(_ statement: String) {
        input.fileHandleForWriting.write(Data("\(statement);\n".utf8))
    }

    /// Rolls back and ends the session, once what it was sent has run.
    package func release() throws {
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// An SQLite file's write lock; waits for it as long as it takes.
    package static func sqlite(_ path: String) throws -> LockingClient {
        try LockingClient(
            ["sqlite3", "-bail", path], taking: ".timeout 600000\nBEGIN IMMEDIATE")
    }
}
