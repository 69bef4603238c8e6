internal import Foundation
internal import Glibc
internal import Synchronization

/// Keeps a server of the test process's own, and a directory that goes with it.
///
/// The server runs under a shell that waits for the end of its standard input, and then stops the
/// server and removes the directory: so nothing stays behind, however the test process ends.
final class ServerKeeper: Sendable {
    private let process: Mutex<Shell?>
    private let directory: String

    private struct Shell: @unchecked Sendable {  // only touched under the lock of `process`
        let process: Process
        let input: Pipe
        let output: Pipe
    }

    /// `$1` is the directory, `$2` the signal that stops, the rest is the server's command. Reads
    /// `start`, or a signal to stop the server with, and says when it has ended; KILL takes its
    /// children along.
    private static let script = """
        trap : INT TERM HUP
        directory=$1; signal=$2; shift 2
        cd "$directory"
        # The signals that are blocked here, as SIGCHLD, are so until dash has run a program.
        cat /dev/null
        "$@" >"$directory/log" 2>&1 &
        server=$!
        while read -r word; do
            case $word in
            start)
                "$@" >>"$directory/log" 2>&1 &
                server=$! ;;
            KILL)
                kill -STOP "$server"
                children=$(cat "/proc/$server/task/$server/children")
                kill -KILL $children "$server"
                wait "$server"; server=
                for one in $children; do
                    while grep -qs '^State:.[^XZ]' "/proc/$one/status"; do :; done
                done
                echo ended ;;
            *)
                kill -"$word" "$server"
                wait "$server"; server=
                echo ended ;;
            esac
        done
        if [ -n "$server" ]; then
            kill -"$signal" "$server" 2>/dev/null
            wait "$server"
        fi
        cd /; rm -rf "$directory"
        """

    /// Starts the server; what it prints goes to `log` in the directory.
    init(_ command: [String], directory: String, stoppingWith signal: String) throws {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        self.directory = directory
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", Self.script, "sh", directory, signal] + command
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        try process.run()
        self.process = Mutex(Shell(process: process, input: input, output: output))
        Self.stopAtExit(self)
    }

    deinit {
        stop()
    }

    /// Stops at once, waits for the end and removes the directory. May be called again.
    func stop() {
        guard let shell = process.withLock({ $0.take() }) else { return }
        shell.input.fileHandleForWriting.closeFile()
        shell.process.waitUntilExit()
    }

    /// Ends the server and keeps its directory; returns once it has ended.
    func end(with signal: String) {
        tell(signal)
        let output = process.withLock { $0?.output }
        _ = output?.fileHandleForReading.availableData
    }

    /// Starts the server that was ended again, on the same directory and port.
    func startAgain() { tell("start") }

    private func tell(_ word: String) {
        process.withLock { shell in
            precondition(shell != nil, "the keeper has stopped")
            shell?.input.fileHandleForWriting.write(Data("\(word)\n".utf8))
        }
    }

    /// Returns once `isReady` does not throw; with the server's log if it never stops throwing.
    func waitUntilReady(_ isReady: () throws -> Void) throws {
        var last: (any Error)?
        for _ in 0..<300 {
            do { return try isReady() } catch { last = error }
            usleep(100_000)
        }
        let log = try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)
        stop()
        throw ServerProblem(
            description: "the test server did not come up (\(last.map { "\($0)" } ?? "")): "
                + (log ?? "it wrote no log"))
    }

    // MARK: Stopping with the process

    private struct Reference: Sendable {
        weak let keeper: ServerKeeper?
    }

    private static let running = Mutex<[Reference]>([])
    private static let hasExitHandler = Mutex(false)

    private static func stopAtExit(_ keeper: ServerKeeper) {
        running.withLock { $0.append(Reference(keeper: keeper)) }
        let isFirst = hasExitHandler.withLock { has in
            defer { has = true }
            return !has
        }
        guard isFirst else { return }
        atexit {
            for one in ServerKeeper.running.withLock({ $0 }) { one.keeper?.stop() }
        }
    }
}

/// The user that a server runs as where the tests run as root, which servers refuse.
struct ServerUser {
    let name: String

    /// What stands before a command; nothing for tests that do not run as root.
    var prefix: [String] {
        guard geteuid() == 0 else { return [] }
        return ["setpriv", "--reuid=\(name)", "--regid=\(name)", "--init-groups"]
    }

    /// Makes a new directory of this user's.
    func makeDirectory(_ title: String) throws -> String {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "segledger-\(title)-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false)
        if geteuid() == 0 { try runOrThrow(["chown", "\(name):", directory]) }
        return directory
    }
}

/// Runs a program to its end; throws what it printed if it fails.
func runOrThrow(_ command: [String]) throws {
    let result = try runToEnd(command)
    guard result.status == 0 else {
        throw ServerProblem(
            description: "\(command.joined(separator: " ")) failed: \(result.output)")
    }
}

/// A name that no database of the server has yet.
func newDatabaseName() -> String {
    "test_" + UUID().uuidString.lowercased().filter { $0 != "-" }
}
