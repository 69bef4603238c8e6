internal import SegmentModel

/// What an event says of its segment, and whether its keys fit its type.
extension EventParser {
    /// Reads one descriptive value into `descriptionBytes`, as compact JSON.
    mutating func parseDescription(
        _ key: EventKey, _ reader: inout JSONReader
    ) throws(JSONFault) {
        switch key {
        case .databaseID:
            let number = try reader.readInteger(
                hint: "write the number without quotes, for example 1")
            descriptionBytes.append(contentsOf: String(number).utf8)
        case .segmentName:
            try copyLabel(&reader, byteCountMax: Limits.segmentNameByteCountMax)
        case .tags, .groups:
            try copyLabels(&reader)
        default:
            preconditionFailure("\(key) does not describe a segment")
        }
    }

    private mutating func copyLabels(_ reader: inout JSONReader) throws(JSONFault) {
        try reader.expect(.array, hint: "write a list of texts, for example [\"rfm\"]")
        let start = reader.offset
        try reader.enterArray()
        descriptionBytes.append(UInt8(ascii: "["))
        var count = 0
        while try reader.nextElement() {
            place.index = count
            if count > 0 { descriptionBytes.append(UInt8(ascii: ",")) }
            try copyLabel(&reader, byteCountMax: Limits.segmentLabelByteCountMax)
            count += 1
        }
        place.index = -1
        descriptionBytes.append(UInt8(ascii: "]"))
        guard count <= Limits.segmentLabelCountMax else {
            throw JSONFault(
                .rule, at: start, "has more than \(Limits.segmentLabelCountMax) entries")
        }
    }

    private mutating func copyLabel(
        _ reader: inout JSONReader, byteCountMax: Int
    ) throws(JSONFault) {
        try reader.expect(.string, hint: "put it in quotes")
        let offset = reader.offset
        let text = try reader.readString()
        var plain: [UInt8] = []
        reader.append(text, to: &plain)
        guard plain.count <= byteCountMax else {
            throw JSONFault(.rule, at: offset, "is longer than \(byteCountMax) bytes")
        }
        appendJSONString(plain, to: &descriptionBytes)
    }

    /// The description's JSON object with the keys that were given, or nothing.
    func storeDescription(_ draft: EventDraft, in batch: inout EventBatch) -> EventBatch.Slice {
        if draft.given.isDisjoint(with: EventKeyRule.descriptive) { return .empty }
        let start = batch.bytes.count
        for key in EventKey.descriptive {
            guard let range = draft.description[key] else { continue }
            let isFirst = batch.bytes.count == start
            batch.bytes.append(isFirst ? UInt8(ascii: "{") : UInt8(ascii: ","))
            appendJSONString(key.rawValue.utf8, to: &batch.bytes)
            batch.bytes.append(UInt8(ascii: ":"))
            batch.bytes.append(contentsOf: descriptionBytes[range])
        }
        batch.bytes.append(UInt8(ascii: "}"))
        return EventBatch.Slice(
            offset: UInt32(start), count: UInt32(batch.bytes.count - start))
    }

    /// The event's kind, if all of its keys fit it and none is missing.
    mutating func checkedKind(
        _ draft: EventDraft, at offset: Int
    ) throws(JSONFault) -> EventKind {
        guard let kind = draft.kind else {
            place.key = .type
            throw JSONFault(
                .rule, at: offset, "is missing", hint: "every event says what it is in type")
        }
        if EventKeyRule.isKept(by: draft.given, of: kind) { return kind }
        let required = EventKey.required(by: kind)
        let allowed = required + EventKey.optional(for: kind)
        let known = EventKeySet(allowed)
        for key in EventKey.allCases where draft.given.contains(key) && !known.contains(key) {
            place.key = key
            throw JSONFault(
                .rule, at: offset, "does not belong to \(kind.name)",
                hint: "its keys are \(allowed.map(\.rawValue).joined(separator: ", "))")
        }
        for key in required where !draft.given.contains(key) {
            place.key = key
            throw JSONFault(
                .rule, at: offset, "is missing",
                hint: "\(kind.name) needs \(required.map(\.rawValue).joined(separator: ", "))")
        }
        if kind == .segmentUpdated, !EventKey.descriptive.contains(where: draft.given.contains) {
            throw JSONFault(
                .rule, at: offset, "segment_updated says nothing of the segment",
                hint: "give at least one of segment_name, database_id, tags, groups")
        }
        return kind
    }
}
