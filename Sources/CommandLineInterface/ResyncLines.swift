internal import EventJSON
internal import Projection
internal import SegmentModel

/// What `status` says of an integration's rebuilds.
struct ResyncLines {
    /// The one that is not done, or the last one, if it ended badly and was not asked for again.
    let current: ResyncRow?
    /// Of the one that is running now, as its process says.
    let progress: ProgressFile.Content?
    let pending: [ResyncRow]
    let lanes: [LaneRow]

    init(_ resyncs: [ResyncRow], _ lanes: [LaneRow], running: [ProgressFile.Content]) {
        pending = resyncs.filter { $0.outcome == nil }
        let last = resyncs.last.flatMap { $0.outcome == .done ? nil : $0 }
        current = pending.first ?? last
        let position = current?.position
        progress = running.first { $0.request == position }
        self.lanes = lanes
    }

    /// Somebody has to look: a segment of the last one failed, or lanes wait for a rebuild.
    var needsSomebody: Bool { current?.outcome == .failed || lanes.contains(where: \.isBlocked) }

    var texts: [String] {
        pending.map { one in
            let what = "a rebuild of \(counted(one.remaining.count, "segment"))"
            guard let progress, progress.request == one.position else {
                return "\(what) is pending since \(one.requestedAt); 'segledger sync' carries it "
                    + "out"
            }
            let eta = progress.etaSeconds.map { ", \(StatusCommand.duration($0)) left" }
            return "\(what) is running: \(progress.done) of \(progress.total) profiles, "
                + "\(counted(progress.rowCount, "row"))\(eta ?? "")"
        } + badEnds
    }

    /// What came of requests that nobody has made good yet.
    var badEnds: [String] {
        var texts: [String] = []
        if let current, current.outcome == .failed {
            let failed = current.ends.values.count { $0 == .failed }
            texts.append(
                "the rebuild that was asked for at \(current.requestedAt) failed for "
                    + "\(counted(failed, "segment")): \(current.errorMessage ?? "see the errors")")
        }
        return texts + [Self.blocked(lanes)].compactMap(\.self)
    }

    /// Lanes that were never filled.
    static func blocked(_ lanes: [LaneRow]) -> String? {
        let blocked = lanes.filter(\.isBlocked)
        guard let first = blocked.first else { return nil }
        let name = first.key.integration
        return blocked.count == 1
            ? "segment \(first.key.segment) has no rows yet and waits; 'segledger resync \(name) "
                + "--segment \(first.key.segment)' fills it"
            : "\(blocked.count) segments have no rows yet and wait; 'segledger resync \(name)' "
                + "fills them"
    }

    func write(to json: inout JSONWriter) {
        json.key("resync")
        guard let current else { return json.null() }
        json.beginObject()
        json.member("id", current.position.rawValue)
        json.member(
            "state", current.outcome?.rawValue ?? (progress == nil ? "pending" : "running"))
        json.member("done", progress?.done ?? 0)
        json.member("total", progress?.total)
        json.member("rows", progress?.rowCount)
        json.member("eta_seconds", progress?.etaSeconds)
        json.member("requested_at", current.requestedAt.description)
        json.member("error", current.outcome == .failed ? current.errorMessage : nil)
        json.endObject()
    }
}
