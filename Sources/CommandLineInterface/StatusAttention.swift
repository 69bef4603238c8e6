internal import Projection
internal import SegmentModel

/// Why an integration needs somebody: what will not mend itself.
///
/// What is waited out does not count until an event has waited too long: a target that is down for
/// a moment comes back by itself, and a stalled integration reports no error at all.
enum StatusAttention {
    static func reasons(of line: StatusCommand.Line, maxAgeSeconds: Double) -> [String] {
        var reasons: [String] = []
        if let stop = line.row?.stop {
            reasons.append(
                "it has stopped: \(stop.message ?? "see 'segledger errors \(line.name)'")")
        }
        if line.parkedCount > 0 {
            reasons.append(
                "\(counted(line.parkedCount, "change")) parked; see 'segledger parked "
                    + "\(line.name)'")
        }
        if line.resyncs.needsSomebody {
            reasons.append(contentsOf: line.resyncs.badEnds)
        }
        if line.state == "active", let age = line.ageSeconds, age > maxAgeSeconds {
            let error = line.isFailing ? line.row?.lastErrorMessage.map { ": \($0)" } : nil
            reasons.append(
                "an event waits since \(StatusCommand.duration(age))\(error ?? "")")
        }
        return reasons
    }
}
