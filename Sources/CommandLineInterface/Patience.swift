internal import ArgumentParser
internal import SegmentModel
internal import Sync

/// How long a command that ends by itself waits for a target.
struct Patience: ParsableArguments {
    private static let secondsStandard = 30
    /// A year.
    private static let secondsMax = 31_536_000

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Seconds without any progress after which a target is given up.",
            discussion: """
                Not given: 30 for a target that cannot be reached, and as long as the connector's \
                statement timeout lets it for a query that runs.
                """))
    var giveUpAfter: Int?

    func check() throws(Failure) {
        guard let giveUpAfter, !(0...Self.secondsMax).contains(giveUpAfter) else { return }
        throw Failure(
            .usageInvalid, "--give-up-after takes a number of seconds from 0 to \(Self.secondsMax)",
            hint: "for example --give-up-after 30")
    }

    func apply(to options: inout SyncEngine.Options) {
        options.giveUpMilliseconds = (giveUpAfter ?? Self.secondsStandard) * 1000
        options.givesUpStrictly = giveUpAfter != nil
    }
}
