internal import EventJSON
internal import Recovery
internal import SegmentModel

/// What `segledger verify` prints.
struct VerificationLines {
    let isDeep: Bool

    /// Faults listed for people; programs get all.
    private static let shownCount = 50

    /// What was read.
    func text(_ report: VerificationReport, _ projections: ProjectionCheck) -> [String] {
        var lines: [String] = []
        let content =
            "\(counted(report.eventCount, "event")), \(counted(report.changeCount, "change")), "
            + "\(counted(report.profileCount, "profile")) in "
            + "\(counted(report.frameCount, "frame")) and \(counted(report.chunkCount, "chunk"))"
        if !report.isReadWhole {
            lines.append(
                "ledger: damaged; \(counted(report.eventCount, "event")) can be read in order")
        } else if report.faults.isEmpty {
            lines.append("ledger: \(content) (\(report.byteCount) bytes): whole")
        } else {
            lines.append("ledger: \(content): all events can be read")
        }
        lines += report.remarks
        if isDeep { lines.append(merkle(report)) }
        lines.append(state(projections, report))
        return lines
    }

    private func merkle(_ report: VerificationReport) -> String {
        let compared =
            "equal to those of \(counted(report.comparedRootCount, "sealed chunk"))"
        if let root = report.root {
            return report.comparedRootCount == report.sealedChunkCount
                ? "Merkle root: \(root); \(compared)"
                : "Merkle roots: only \(report.comparedRootCount) of \(report.sealedChunkCount) "
                    + "sealed chunks have theirs"
        }
        return report.isReadWhole
            ? "Merkle root: none yet; the ledger was begun by an older version"
            : "Merkle roots: \(compared), up to the damage"
    }

    private func state(_ projections: ProjectionCheck, _ report: VerificationReport) -> String {
        guard projections.faults.isEmpty else { return "projections: damaged" }
        if !report.isReadWhole { return "projections: not compared with a damaged ledger" }
        guard let checkpoint = projections.checkpoint else { return "projections: none yet" }
        return isDeep
            ? "projections: equal to a replay"
            : "projections: sound, at event \(checkpoint); 'verify --deep' compares them"
    }

    /// All that is wrong, each hint behind the faults that it is for.
    func text(_ faults: [VerificationFault]) -> [String] {
        var lines: [String] = []
        let shown = faults.prefix(Self.shownCount)
        for (index, fault) in shown.enumerated() {
            lines.append("segledger: \(fault.sentence)")
            if index + 1 == shown.count || shown[index + 1].hint != fault.hint {
                lines.append("hint: \(fault.hint)")
            }
        }
        if faults.count > shown.count {
            lines.append("and \(faults.count - shown.count) more: 'verify --json' lists all")
        }
        if let damaged = faults.first(where: { $0.offset != nil }) {
            lines.append("'segledger dump \(damaged.path)' shows what can be read of that file")
        }
        return lines
    }

    func json(_ report: VerificationReport, _ projections: ProjectionCheck) -> String {
        let faults = report.faults + projections.faults
        var json = JSONWriter()
        json.beginObject()
        json.key("whole")
        json.value(faults.isEmpty)
        json.member("events", report.eventCount)
        json.member("changes", report.changeCount)
        json.member("profiles", report.profileCount)
        json.member("chunks", report.chunkCount)
        json.member("sealed_chunks", report.sealedChunkCount)
        json.member("frames", report.frameCount)
        json.member("bytes", report.byteCount)
        json.member("projections_at", projections.checkpoint?.rawValue)
        if isDeep {
            json.member("merkle_root", report.root)
            json.member("roots_compared", report.comparedRootCount)
            json.member("sha256", report.sha256)
            json.member("projections_sha256", projections.digest)
        }
        json.key("remarks")
        json.beginArray()
        for remark in report.remarks { json.value(remark) }
        json.endArray()
        json.key("faults")
        json.beginArray()
        for fault in faults { add(fault, to: &json) }
        json.endArray()
        json.endObject()
        return json.text
    }

    private func add(_ fault: VerificationFault, to json: inout JSONWriter) {
        json.beginObject()
        json.member("code", fault.code.rawValue)
        json.member("file", fault.path)
        json.member("offset", fault.offset)
        json.member("first_position", fault.firstPosition?.rawValue)
        json.member("last_position", fault.lastPosition?.rawValue)
        json.member("fault", fault.what)
        json.member("hint", fault.hint)
        json.endObject()
    }
}
