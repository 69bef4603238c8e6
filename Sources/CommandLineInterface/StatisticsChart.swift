internal import Projection
internal import SegmentModel

/// Successful and failed queries over time, as two lines of blocks: for a terminal.
struct StatisticsChart {
    private static let blocks = Array(" ▁▂▃▄▅▆▇█")
    private static let widthMax = 60

    private let successful: [Int]
    private let failed: [Int]
    private let start: Timestamp
    private let end: Timestamp
    private let minutesPerColumn: Int

    /// nil: nothing happened in the period.
    init?(_ statistics: Statistics) {
        guard let first = statistics.minutes.first?.start, let last = statistics.minutes.last?.start
        else { return nil }
        let minutes = Int((last.rawValue - first.rawValue) / 60_000_000) + 1
        minutesPerColumn = (minutes + Self.widthMax - 1) / Self.widthMax
        let width = (minutes + minutesPerColumn - 1) / minutesPerColumn
        var (successful, failed) = (
            [Int](repeating: 0, count: width), [Int](repeating: 0, count: width)
        )
        for minute in statistics.minutes {
            let offset = Int((minute.start.rawValue - first.rawValue) / 60_000_000)
            successful[offset / minutesPerColumn] += minute.counts.successfulQueries
            failed[offset / minutesPerColumn] += minute.counts.failedQueries
        }
        (self.successful, self.failed) = (successful, failed)
        start = first
        end = last.advanced(byMicroseconds: 60_000_000)
    }

    func printed() -> String {
        let span = minutesPerColumn == 1 ? "a minute" : "\(minutesPerColumn) minutes"
        return """
            successful  \(Self.bars(successful))  at most \(successful.max() ?? 0) in \(span)
            failed      \(Self.bars(failed))  at most \(failed.max() ?? 0) in \(span)
            \(start) to \(end)
            """
    }

    /// Each line on a scale of its own: a few failures are to be seen beside many successes. What
    /// is not zero is never shown as zero.
    private static func bars(_ counts: [Int]) -> String {
        let most = counts.max() ?? 0
        return String(
            counts.map { count in
                guard count > 0 else { return blocks[0] }
                return blocks[max(1, count * (blocks.count - 1) / most)]
            })
    }
}
