internal import ArgumentParser
internal import Foundation

/// What every command takes that works on a data directory.
struct GlobalOptions: ParsableArguments {
    @Option(
        name: .long,
        help: "The data directory. Default: $SEGLEDGER_DATA, or ./segledger-data.")
    var data: String?

    @Flag(name: .long, help: "Print JSON instead of text.")
    var json = false

    var directory: String {
        data ?? ProcessInfo.processInfo.environment["SEGLEDGER_DATA"] ?? "segledger-data"
    }
}
