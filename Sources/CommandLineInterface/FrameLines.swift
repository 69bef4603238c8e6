internal import EventJSON
internal import FrameCodec
internal import Recovery
internal import SegmentModel

/// What `segledger dump` prints of a file: a line a finding.
enum FrameLines {
    private static let widths = [12, 7, 8, 24, 8, 9, 10, 10, 7, 12]

    static let header = row(
        [
            "offset", "frame", "kind", "positions", "events", "changes", "raw", "stored", "codec",
            "durable to",
        ], "check")

    static func text(_ finding: FileFinding) -> String {
        switch finding {
        case .frame(let frame): text(frame)
        case .gap(let gap):
            row(
                [
                    "\(gap.offset)", "", gap.isZero ? "zeros" : "damaged", "", "", "", "",
                    "\(gap.byteCount)", "", "",
                ],
                gap.isFault ? "\(gap.error), at the first of these bytes" : "ok")
        }
    }

    private static func text(_ frame: FrameFinding) -> String {
        let header = frame.header
        let isEmpty = header.eventCount == 0
        return row(
            [
                "\(frame.offset)", "\(header.frameNumber)", name(header.kind),
                isEmpty
                    ? "\(header.firstPosition)"
                    : "\(header.firstPosition)-\(frame.endPosition.rawValue &- 1)",
                "\(header.eventCount)", "\(header.changeCount)", "\(header.rawByteCount)",
                "\(header.storedByteCount)", name(header.codec), "\(header.durableUpTo)",
            ],
            frame.faults.isEmpty
                ? (header.isContinued ? "ok, continued" : "ok")
                : frame.faults.map(\.description).joined(separator: "; "))
    }

    static func text(_ summary: FileInspection.Summary) -> String {
        let sum =
            "\(counted(summary.frameCount, "frame")), \(counted(summary.eventCount, "event")), "
            + "\(counted(summary.changeCount, "change")) in \(counted(summary.byteCount, "byte"))"
        guard let offset = summary.firstFaultOffset else { return sum + ": whole" }
        let places = summary.faultCount == 1 ? "1 place is" : "\(summary.faultCount) places are"
        return sum + ": \(places) wrong, the first at \(offset); "
            + (summary.isCorrupt
                ? "those bytes were durable: this is corruption"
                : "nothing says that those bytes were durable: a crash can leave that")
    }

    static func json(_ finding: FileFinding) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("offset", finding.offset)
        switch finding {
        case .frame(let frame): members(frame, &json)
        case .gap(let gap):
            json.member("kind", gap.isZero ? "zeros" : "damaged")
            json.member("bytes", gap.byteCount)
            faults(gap.isFault ? [gap.error.description] : [], &json)
        }
        json.endObject()
        return json.text
    }

    private static func members(_ frame: FrameFinding, _ json: inout JSONWriter) {
        let header = frame.header
        json.member("kind", name(header.kind))
        json.member("bytes", header.frameByteCount)
        json.member("frame", header.frameNumber)
        json.member("version", header.version)
        json.member("first_position", header.firstPosition.rawValue)
        json.member("events", header.eventCount)
        json.member("changes", header.changeCount)
        json.member("raw_bytes", header.rawByteCount)
        json.member("stored_bytes", header.storedByteCount)
        json.member("codec", name(header.codec))
        json.key("continued")
        json.value(header.isContinued)
        json.member("durable_up_to", header.durableUpTo)
        faults(frame.faults.map(\.description), &json)
    }

    private static func faults(_ faults: [String], _ json: inout JSONWriter) {
        json.key("faults")
        json.beginArray()
        for fault in faults { json.value(fault) }
        json.endArray()
    }

    static func name(_ kind: FrameHeader.Kind) -> String {
        switch kind {
        case .data: "data"
        case .mark: "mark"
        case .chunk: "chunk"
        case .end: "end"
        case .footer: "footer"
        case .manifest: "manifest"
        }
    }

    private static func name(_ codec: FrameHeader.Codec) -> String {
        switch codec {
        case .stored: "stored"
        case .lz4: "lz4"
        }
    }

    /// Cells to the right, the kind to the left, the last one as it is.
    private static func row(_ cells: [String], _ last: String) -> String {
        var line = ""
        for (cell, width) in zip(cells, widths) {
            let padding = String(repeating: " ", count: max(0, width - cell.count))
            line += (cell == cells[2] ? cell + padding : padding + cell) + "  "
        }
        return line + last
    }
}
