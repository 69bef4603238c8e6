internal import EventJSON
internal import FrameCodec
internal import Recovery
internal import SegmentModel

/// What `segledger dump --frame` prints of a frame's content.
///
/// Profiles are their ordinals and fields are counted, unless values were asked for (INV-10).
struct FrameContentLines {
    let showsValues: Bool

    /// Runs of ordinals that a line shows at most.
    private static let runCountMax = 16

    func text(_ finding: FrameFinding) -> [String] {
        switch finding.content {
        case .none: []
        case .chunk(let header): text(header)
        case .events(let frame): frame.events.indices.flatMap { text($0, frame) }
        case .footer(let footer): text(footer)
        case .manifest(let manifest): text(manifest)
        }
    }

    private func text(_ header: ChunkHeader) -> [String] {
        var lines = [
            "  ledger \(hex(header.ledger)) timeline \(hex(header.timeline))",
            "  chunk \(hex(header.chunkID)) created \(header.createdAt)",
            "  first position \(header.firstPosition), first profile \(header.firstOrdinal), "
                + "first field name \(header.firstFieldName)",
        ]
        if let predecessor = header.predecessor {
            lines.append(
                "  follows chunk \(hex(predecessor.chunkID)) of \(predecessor.byteCount) bytes and "
                    + "\(predecessor.frameCount) frames")
        }
        if let replaced = header.replacedChunkID {
            lines.append("  replaces chunk \(hex(replaced))")
        }
        return lines
    }

    private func text(_ footer: ChunkFooter) -> [String] {
        [
            "  sealed from chunk \(hex(footer.replaced.chunkID)) of \(footer.replaced.byteCount) "
                + "bytes and \(footer.replaced.frameCount) frames",
            "  \(footer.blocks.count) blocks, \(footer.postings.count) segments",
            "  Merkle root \(hex(footer.root))",
        ]
    }

    private func text(_ manifest: LedgerManifest) -> [String] {
        let head =
            "  ledger \(hex(manifest.ledger)) timeline \(hex(manifest.timeline)) "
            + "generation \(manifest.generation)"
        return [head]
            + manifest.chunks.map { chunk in
                var line = "  chunk \(hex(chunk.chunkID)) from position \(chunk.firstPosition)"
                if let replaced = chunk.replacedChunkID { line += ", replaces \(hex(replaced))" }
                if let seal = chunk.seal {
                    line += ", sealed: \(seal.byteCount) bytes, Merkle root \(hex(seal.root))"
                }
                return line
            }
    }

    private func text(_ index: Int, _ frame: Frame) -> [String] {
        let event = frame.events[index]
        var line = "  @\(position(index, frame)) \(event.kind.name)"
        if event.kind.hasSegment { line += " segment \(event.segment)" }
        line += " time \(event.time)"
        if let own = event.ownTime { line += " own time \(own)" }
        line += " recorded \(event.recordedAt)"
        if event.eventID.count > 0 { line += " id \(quoted(event.eventID, frame))" }
        if event.body.count > 0 { line += " " + frame.string(event.body) }
        if event.ordinalCount > 0 {
            line += " \(event.ordinalCount) profiles: " + runs(frame.ordinals[event.ordinalRange])
        }
        return [line] + newProfiles(index, frame) + records(event, frame)
    }

    private func newProfiles(_ index: Int, _ frame: Frame) -> [String] {
        guard showsValues, index == 0 else { return [] }
        return frame.newProfiles.enumerated().map { number, id in
            "    profile \(Int(frame.firstOrdinal) + number) is \(quoted(id, frame))"
        }
    }

    private func records(_ event: Frame.Event, _ frame: Frame) -> [String] {
        guard showsValues else {
            guard event.recordCount > 0 else { return [] }
            let count = frame.records[event.recordRange].reduce(0) { $0 + Int($1.changeCount) }
            return ["    \(count) fields of \(event.recordCount) profiles change"]
        }
        return frame.records[event.recordRange].map { record in
            let fields = frame.changes[record.changeRange].map { change in
                "\(name(change, frame)) = \(value(change, frame))"
            }
            return "    profile \(record.ordinal): " + fields.joined(separator: ", ")
        }
    }

    /// A field's name if this frame gives it one, else its number.
    private func name(_ change: Frame.FieldChange, _ frame: Frame) -> String {
        let index = Int(change.name) - Int(frame.firstFieldName)
        return frame.newFieldNames.indices.contains(index)
            ? frame.string(frame.newFieldNames[index]) : "field \(change.name)"
    }

    private func value(_ change: Frame.FieldChange, _ frame: Frame) -> String {
        switch change.kind {
        case .null: "null"
        case .false: "false"
        case .true: "true"
        case .number, .json: frame.string(change.value)
        case .text: quoted(change.value, frame)
        }
    }

    private func quoted(_ slice: Frame.Slice, _ frame: Frame) -> String {
        var json = JSONWriter()
        json.string(frame.bytes[slice.range])
        return json.text
    }

    /// `3 5-9 12`, the first few.
    private func runs(_ ordinals: ArraySlice<UInt32>) -> String {
        var runs: [ClosedRange<UInt32>] = []
        var rest = 0
        for ordinal in ordinals {
            if let last = runs.last, last.upperBound &+ 1 == ordinal, rest == 0 {
                runs[runs.count - 1] = last.lowerBound...ordinal
            } else if runs.count < Self.runCountMax {
                runs.append(ordinal...ordinal)
            } else {
                rest += 1
            }
        }
        let shown = runs.map {
            $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
        }
        return shown.joined(separator: " ") + (rest > 0 ? " and \(rest) more" : "")
    }

    private func position(_ index: Int, _ frame: Frame) -> UInt64 {
        frame.firstPosition.rawValue &+ UInt64(index)
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

// MARK: JSON

extension FrameContentLines {
    /// An object a line for each event.
    func json(_ finding: FrameFinding) -> [String] {
        switch finding.content {
        case .none: return []
        case .chunk(let header): return [json(header)]
        case .events(let frame): return frame.events.indices.map { json($0, frame) }
        case .footer(let footer): return [json(footer)]
        case .manifest(let manifest): return manifest.chunks.map(json)
        }
    }

    private func json(_ header: ChunkHeader) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("ledger", hex(header.ledger))
        json.member("timeline", hex(header.timeline))
        json.member("chunk", hex(header.chunkID))
        json.member("created_at", header.createdAt.description)
        json.member("first_position", header.firstPosition.rawValue)
        json.member("first_profile", header.firstOrdinal)
        json.member("first_field_name", header.firstFieldName)
        json.member("predecessor", header.predecessor.map { hex($0.chunkID) })
        json.member("replaces", header.replacedChunkID.map(hex))
        json.endObject()
        return json.text
    }

    private func json(_ footer: ChunkFooter) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("sealed_from", hex(footer.replaced.chunkID))
        json.member("blocks", footer.blocks.count)
        json.member("segments", footer.postings.count)
        json.member("merkle_root", hex(footer.root))
        json.endObject()
        return json.text
    }

    private func json(_ chunk: LedgerManifest.Chunk) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("chunk", hex(chunk.chunkID))
        json.member("first_position", chunk.firstPosition.rawValue)
        json.member("replaces", chunk.replacedChunkID.map(hex))
        json.member("bytes", chunk.seal?.byteCount)
        json.member("merkle_root", chunk.seal.map { hex($0.root) })
        json.endObject()
        return json.text
    }

    private func json(_ index: Int, _ frame: Frame) -> String {
        let event = frame.events[index]
        var json = JSONWriter()
        json.beginObject()
        json.member("position", position(index, frame))
        json.member("type", event.kind.name)
        if event.kind.hasSegment { json.member("segment_id", event.segment.rawValue) }
        json.member("time", event.time.description)
        json.member("own_time", event.ownTime?.description)
        json.member("recorded_at", event.recordedAt.description)
        if event.eventID.count > 0 { json.member("event_id", frame.string(event.eventID)) }
        if event.body.count > 0 { json.member("body", frame.string(event.body)) }
        if event.kind.hasProfiles { profiles(event, frame, &json) }
        json.endObject()
        return json.text
    }

    private func profiles(_ event: Frame.Event, _ frame: Frame, _ json: inout JSONWriter) {
        json.key("profiles")
        json.beginArray()
        for ordinal in frame.ordinals[event.ordinalRange] { json.value(ordinal) }
        json.endArray()
        json.member("field_records", event.recordCount)
        guard showsValues else { return }
        json.key("new_profiles")
        json.beginObject()
        for ordinal in frame.ordinals[event.ordinalRange] where ordinal >= frame.firstOrdinal {
            let index = Int(ordinal - frame.firstOrdinal)
            guard index < frame.newProfiles.count else { continue }
            json.member("\(ordinal)", frame.string(frame.newProfiles[index]))
        }
        json.endObject()
        json.key("fields")
        json.beginObject()
        for record in frame.records[event.recordRange] {
            json.key("\(record.ordinal)")
            json.beginObject()
            for change in frame.changes[record.changeRange] {
                json.key(name(change, frame))
                json.raw(value(change, frame).utf8)
            }
            json.endObject()
        }
        json.endObject()
    }
}
