import Glibc
import Ledger
import SegmentModel

// A process for tests to end. `append DIR CALLERS` appends from many callers at once until it is
// ended and prints a line for each acknowledgement, unbuffered: position, id. `check DIR` reads
// such lines and finds each event at its position, or says which is missing.
//
// Ends with 0; with 1 for a failure; with 3 once the disk is full.

do {
    let arguments = CommandLine.arguments.dropFirst()
    switch (arguments.first, arguments.count) {
    case ("append", 3):
        guard let callerCount = Int(arguments.last!) else { usage() }
        try await Appending(directory: arguments[2]).run(callerCount: callerCount)
    case ("check", 2):
        try await Checking(directory: arguments[2]).run()
    default:
        usage()
    }
} catch let failure as Failure {
    say("ledger: \(failure)")
    exit(failure.code == .storageFull ? 3 : 1)
}

func usage() -> Never {
    say("usage: LedgerWriter append DIR CALLERS | check DIR")
    exit(2)
}

func say(_ text: String) { writeWhole(text + "\n", to: STDERR_FILENO) }

/// One call: lines of several callers do not mix.
func writeWhole(_ text: String, to descriptor: CInt) {
    var text = text
    let isWhole = text.withUTF8 { write(descriptor, $0.baseAddress, $0.count) == $0.count }
    if !isWhole { exit(1) }
}
