internal import Glibc

/// The two streams: stdout for results, stderr for everything else.
enum Terminal {
    static let isErrorTerminal = isatty(STDERR_FILENO) == 1

    static var isOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    static func printLine(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    static func printBytes(_ bytes: [UInt8]) { write(bytes, to: STDOUT_FILENO) }

    /// A text from outside as a terminal may show it: control characters as `\u{…}`.
    static func printable(_ text: String) -> String {
        String(
            text.unicodeScalars.flatMap { scalar -> [Character] in
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator:
                    Array("\\u{\(String(scalar.value, radix: 16))}")
                default: [Character(scalar)]
                }
            })
    }

    static func printError(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// Replaces the progress line; nothing where stderr is not a terminal.
    static func showProgress(_ text: String) {
        guard isErrorTerminal else { return }
        write("\r\u{1B}[K" + text, to: STDERR_FILENO)
    }

    static func endProgress() {
        guard isErrorTerminal else { return }
        write("\r\u{1B}[K", to: STDERR_FILENO)
    }

    private static func write(_ text: String, to descriptor: CInt) {
        write(Array(text.utf8), to: descriptor)
    }

    /// A closed pipe ends the process as it does for other tools (SIGPIPE); other errors leave
    /// nowhere to report to.
    private static func write(_ bytes: [UInt8], to descriptor: CInt) {
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = Glibc.write(
                    descriptor, buffer.baseAddress! + done, buffer.count - done)
                if count < 0 {
                    if errno == EINTR || errno == EAGAIN { continue }
                    return
                }
                done += count
            }
        }
    }
}
