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
            case .failed, .recovered, .rebuildFailed, .marked: break
            }
            Terminal.endProgress()
            Terminal.printError(text(notice))
        }
    }

    static func text(_ notice: SyncNotice) -> String {
        let place = "segledger: integration \(notice.integration)" + text(notice.place)
        switch notice.kind {
        case .started: return "\(place): started"
        case .recovered: return "\(place): goes on"
        case .marked(let count):
            return "\(place): \(count) of its rows in segledger_cursor said nothing of the ledger; "
                + "they were taken as they stand, and say it from now on"
        case .failed(let failure, let milliseconds):
            let seconds = Double((milliseconds + 50) / 100) / 10
            return "\(place): \(failure.message); tried again in \(seconds) s"
        case .rebuildFailed(let failure):
            return "\(place): the rebuild failed: \(told(failure, notice))"
        case .stopped(let failure): return "\(place): stopped: \(told(failure, notice))"
        }
    }

    /// `, segment 7, add_profiles, table crm`, as far as it is known.
    static func text(_ place: SyncPlace) -> String {
        var parts: [String] = []
        if let segment = place.segment { parts.append("segment \(segment)") }
        if let query = place.query { parts.append(query.rawValue) }
        if !place.tables.isEmpty {
            let names = place.tables.map(Terminal.printable).joined(separator: " and ")
            parts.append("\(place.tables.count == 1 ? "table" : "tables") \(names)")
        }
        return parts.map { ", " + $0 }.joined()
    }

    private static func told(_ failure: Failure, _ notice: SyncNotice) -> String {
        let hint = failure.hint.map { "; hint: " + ErrorReport.hint($0, for: notice.integration) }
        return failure.message + (hint ?? "")
    }
}
