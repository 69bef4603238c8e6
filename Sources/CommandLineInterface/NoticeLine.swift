internal import SegmentModel
internal import Sync

/// One line on stderr for each start, failure, recovery and stop.
enum NoticeLine {
    /// - Parameter isEndReported: how each integration ended is printed when all have: starts and
    ///   stops say nothing more.
    static func teller(isEndReported: Bool) -> @Sendable (SyncNotice) -> Void {
        { notice in
            switch notice.kind {
            case .started, .stopped: if isEndReported { return }
            case .failed, .recovered: break
            }
            Terminal.endProgress()
            Terminal.printError(text(notice))
        }
    }

    static func text(_ notice: SyncNotice) -> String {
        var place = "segledger: integration \(notice.integration)"
        if let segment = notice.segment { place += ", segment \(segment)" }
        if let query = notice.query { place += ", \(query.rawValue)" }
        switch notice.kind {
        case .started: return "\(place): started"
        case .recovered: return "\(place): goes on"
        case .failed(let failure, let milliseconds):
            let seconds = Double((milliseconds + 50) / 100) / 10
            return "\(place): \(failure.message); tried again in \(seconds) s"
        case .stopped(let failure):
            let hint = failure.hint.map {
                "; hint: " + ErrorReport.hint($0, for: notice.integration)
            }
            return "\(place): stopped: \(failure.message)\(hint ?? "")"
        }
    }
}
