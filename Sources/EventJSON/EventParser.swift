package import SegmentModel

/// Reads platform events, one NDJSON line at a time, into a batch (docs/reference/events.md).
///
/// Invariants:
/// - a line is taken whole or refused whole: after a refusal the batch is what it was before;
/// - a message names the line, the key and the rule, never a profile's value (INV-10);
/// - no allocation for each profile beside the growth of the batch's own arrays.
///
/// Profiles of the usual shape take a fast path (`PlainProfileScanner`, docs/decisions/0005).
package struct EventParser {
    private let latestTime: Timestamp
    let usesFastPath: Bool
    var place = EventPlace()
    var repeatedKeys = RepeatedKeys()
    /// For the fast path: names that the event's profiles share.
    var plainNames = [PlainNames.Entry](
        repeating: PlainNames.Entry(), count: PlainNames.countMax)
    /// Pieces of a segment's description, as compact JSON.
    var descriptionBytes: [UInt8] = []

    /// `now` is what an event's own time is held against. Without the fast path the outcome is the
    /// same: tests compare the two.
    package init(clock now: Timestamp, usesFastPath: Bool = true) {
        self.usesFastPath = usesFastPath
        latestTime = now.advanced(byMicroseconds: Limits.eventTimeAheadMicroseconds)
    }

    /// Adds the line's event to the batch; a line of white space adds nothing.
    ///
    /// `number` counts from 1; a byte order mark in front of line 1 is skipped.
    /// - Throws: `inputRefused`; the batch is unchanged.
    /// - Precondition: the batch's bytes and the line's are less than 2^32 together. Then no place
    ///   in the batch exceeds 32 bits: an event takes no more bytes than its line has, and no more
    ///   profiles and fields.
    package mutating func parseLine(
        _ line: UnsafeRawBufferPointer, number: Int, into batch: inout EventBatch
    ) throws(Failure) {
        guard line.count <= Limits.eventLineByteCountMax else {
            throw EventParser.lineTooLong(number: number)
        }
        let hasMark =
            number == 1 && line.count >= 3 && line[0] == 0xEF && line[1] == 0xBB && line[2] == 0xBF
        var reader = JSONReader(line, from: hasMark ? 3 : 0)
        if reader.isAtEnd() { return }
        precondition(
            batch.bytes.count + line.count <= UInt32.max, "a batch holds less than 4 GiB")
        let (byteCount, eventCount) = (batch.bytes.count, batch.events.count)
        let (profileCount, fieldCount) = (batch.profiles.count, batch.fields.count)
        do {
            try parseEvent(&reader, into: &batch)
        } catch {
            let failure = failure(error, line: number, in: batch.bytes)
            batch.bytes.removeLast(batch.bytes.count - byteCount)
            batch.events.removeLast(batch.events.count - eventCount)
            batch.profiles.removeLast(batch.profiles.count - profileCount)
            batch.fields.removeLast(batch.fields.count - fieldCount)
            throw failure
        }
    }

    static func lineTooLong(number: Int) -> Failure {
        Failure(
            .inputRefused,
            "line \(number): is longer than \(Limits.eventLineByteCountMax) bytes",
            hint: "split its profiles into several events")
    }

    private mutating func parseEvent(
        _ reader: inout JSONReader, into batch: inout EventBatch
    ) throws(JSONFault) {
        place = EventPlace()
        repeatedKeys.removeAll()
        descriptionBytes.removeAll(keepingCapacity: true)
        var draft = EventDraft(firstProfile: UInt32(batch.profiles.count))
        try reader.enterObject()
        while let text = try reader.nextKey() {
            let key = try eventKey(text, reader: reader)
            place = EventPlace(key: key)
            guard draft.given.insert(key) else {
                throw JSONFault(.rule, at: reader.offset, "is given twice")
            }
            try parseValue(of: key, &reader, into: &draft, &batch)
            place = EventPlace()
        }
        try reader.finish()
        let kind = try checkedKind(draft, at: reader.offset)
        let body = storeDescription(draft, in: &batch)
        batch.events.append(
            EventBatch.Event(
                kind: kind, segment: draft.segment, ownTime: draft.ownTime,
                eventID: draft.eventID, firstProfile: draft.firstProfile,
                profileCount: UInt32(batch.profiles.count) - draft.firstProfile, body: body))
    }

    private mutating func parseValue(
        of key: EventKey, _ reader: inout JSONReader, into draft: inout EventDraft,
        _ batch: inout EventBatch
    ) throws(JSONFault) {
        switch key {
        case .type: draft.kind = try parseType(&reader)
        case .eventID:
            draft.eventID = try parseText(
                &reader, byteCountMax: Limits.eventIDByteCountMax, into: &batch.bytes)
        case .time: draft.ownTime = try parseTime(&reader)
        case .segmentID:
            draft.segment = SegmentID(
                try reader.readInteger(hint: "write the number without quotes, for example 42"))
        case .segmentName, .databaseID, .tags, .groups:
            let start = descriptionBytes.count
            try parseDescription(key, &reader)
            draft.description[key] = start..<descriptionBytes.count
        case .profiles: try parseProfiles(&reader, into: &batch)
        }
    }

    private func eventKey(
        _ text: JSONReader.Text, reader: JSONReader
    ) throws(JSONFault) -> EventKey {
        if !text.hasEscapes {
            if let key = EventKey(word: reader.rawBytes(text.range)) { return key }
        } else {
            for key in EventKey.allCases where reader.string(text) == key.rawValue { return key }
        }
        throw unknownKey(text, reader: reader, known: EventKey.allCases.map(\.rawValue))
    }

    func unknownKey(
        _ text: JSONReader.Text, reader: JSONReader, known: [String], hint: String? = nil
    ) -> JSONFault {
        let name = reader.string(text)
        let nearest = nearestName(to: name, in: known).map { "did you mean \($0)?" }
        return JSONFault(
            .rule, at: text.range.lowerBound - 1, "has an unknown key \(printableName(name.utf8))",
            hint: nearest ?? hint ?? "known keys are \(known.joined(separator: ", "))")
    }

    private func parseType(_ reader: inout JSONReader) throws(JSONFault) -> EventKind {
        try reader.expect(.string)
        let start = reader.offset
        let text = try reader.readString()
        if reader.equals(text, "profiles_added") { return .profilesAdded }
        if reader.equals(text, "profiles_removed") { return .profilesRemoved }
        let name = reader.string(text)
        if let kind = EventKind(name: name) {
            guard !kind.isSystem else {
                throw JSONFault(
                    .rule, at: start, "is a type that only Segledger itself appends",
                    hint: "send platform events: \(platformTypes.joined(separator: ", "))")
            }
            return kind
        }
        let nearest = nearestName(to: name, in: platformTypes)
        throw JSONFault(
            .rule, at: start, "is no known type of event",
            hint: nearest.map { "did you mean \($0)?" }
                ?? "known types are \(platformTypes.joined(separator: ", "))")
    }

    private var platformTypes: [String] {
        EventKind.allCases.filter { !$0.isSystem }.map(\.name)
    }

    private func parseTime(_ reader: inout JSONReader) throws(JSONFault) -> Timestamp {
        let hint = "write it like 2026-03-12T10:00:00.000Z"
        try reader.expect(.string, hint: hint)
        let start = reader.offset
        let text = try reader.readString()
        guard let time = timestamp(text, reader: reader) else {
            throw JSONFault(.rule, at: start, "must be an RFC 3339 date and time", hint: hint)
        }
        guard time <= latestTime else {
            let minutes = Limits.eventTimeAheadMicroseconds / 60_000_000
            throw JSONFault(
                .rule, at: start,
                "is more than \(minutes) minutes ahead of this machine's clock",
                hint: "check both clocks and the time zone of the event")
        }
        return time
    }

    private func timestamp(_ text: JSONReader.Text, reader: JSONReader) -> Timestamp? {
        guard text.hasEscapes else { return Timestamp(rfc3339: reader.rawBytes(text.range)) }
        var bytes: [UInt8] = []
        reader.append(text, to: &bytes)
        return bytes.withUnsafeBytes { Timestamp(rfc3339: $0) }
    }

    private func failure(_ fault: JSONFault, line: Int, in bytes: [UInt8]) -> Failure {
        let path = place.path(in: bytes)
        let subject = path.isEmpty ? "line \(line)" : "line \(line): \(path)"
        let message =
            switch fault.kind {
            case .rule: "\(subject): \(fault.reason)"
            case .syntax: "\(subject): wrong JSON at byte \(fault.offset + 1): \(fault.reason)"
            }
        return Failure(.inputRefused, message, hint: fault.hint)
    }
}
