internal import EventJSON
internal import QueryLab
internal import SQLTemplate
internal import SegmentModel

/// Sample profiles: read from a file, or made up.
enum TemplateSample {
    static let integrationName = "sample"

    /// Two profiles with a value for every field of the template, one with an apostrophe.
    static func madeUp(_ template: CompiledTemplate) -> TemplatePreview {
        let profiles = [("p1", "O'Neil"), ("p2", "Ada")].map { id, text in
            var profile = SampleProfile(id: id)
            for name in template.fieldNames where name != "id" {
                profile.fields[name] = .text(text)
            }
            return profile
        }
        return TemplatePreview(scope: scope(), profiles: profiles)
    }

    private static func scope() -> RenderScope {
        RenderScope(
            segmentID: SegmentID(42), segmentName: "VIP", integrationName: integrationName,
            eventTime: Timestamp(rawValue: 1_773_309_600_000_000), position: Position(1000),
            deliveryID: "sample-1")
    }

    /// Reads JSON values, one behind the other: events as `append` takes them, an object with
    /// `profiles` and names of the query (`segment_name`, `position`, …), or a list of profiles.
    ///
    /// - Throws: `inputRefused` with the place.
    static func read(_ path: String, limit: Int?) throws -> TemplatePreview {
        let input = try InputFile(path)
        defer { input.close() }
        let bytes = try input.readAll(limit: Limits.atomicAppendByteCountMax)
        guard bytes.count <= Limits.atomicAppendByteCountMax else {
            throw Failure(
                .inputRefused,
                "\(path): a sample has \(Limits.atomicAppendByteCountMax) bytes at most, and this "
                    + "file has more", hint: "a few profiles are enough to see what a query does")
        }
        var scope = scope()
        var profiles: [SampleProfile] = []
        do throws(JSONFault) {
            try bytes.withUnsafeBufferPointer { buffer throws(JSONFault) in
                var reader = JSONReader(UnsafeRawBufferPointer(buffer))
                while !reader.isAtEnd() {
                    let start = reader.offset
                    try take(try JSONValue(reading: &reader), at: start, &scope, &profiles)
                }
            }
        } catch {
            let line = bytes.prefix(error.offset).count(where: { $0 == UInt8(ascii: "\n") }) + 1
            let reason =
                error.kind == .syntax ? "is wrong JSON: \(error.reason)" : error.reason
            throw Failure(
                .inputRefused, "\(path):\(line): the sample \(reason)",
                hint: error.hint
                    ?? "for example {\"segment_id\":1,\"profiles\":[{\"id\":\"p1\",\"fields\":"
                    + "{\"CustomID\":\"C-1\"}}]}")
        }
        if let limit { profiles = Array(profiles.prefix(limit)) }
        return TemplatePreview(scope: scope, profiles: profiles)
    }

    private static func take(
        _ value: JSONValue, at offset: Int, _ scope: inout RenderScope,
        _ profiles: inout [SampleProfile]
    ) throws(JSONFault) {
        if case .array(let list) = value {
            for one in list { profiles.append(try profile(one, at: offset)) }
            return
        }
        guard case .object(let members) = value else {
            throw JSONFault(.rule, at: offset, "holds something else than an object or a list")
        }
        for (key, member) in members {
            switch (key.text, member) {
            case ("profiles", .array(let list)):
                for one in list { profiles.append(try profile(one, at: offset)) }
            case ("segment_id", .number(let text)):
                guard let id = Int64(text) else {
                    throw JSONFault(.rule, at: offset, "has a segment_id that is no integer")
                }
                scope.segmentID = SegmentID(id)
            case ("segment_name", .string(let text)): scope.segmentName = text
            case ("integration_name", .string(let text)): scope.integrationName = text
            case ("delivery_id", .string(let text)): scope.deliveryID = text
            case ("position", .number(let text)):
                guard let position = UInt64(text) else {
                    throw JSONFault(.rule, at: offset, "has a position that is no position")
                }
                scope.position = Position(position)
            case ("time", .string(let text)), ("event_time", .string(let text)):
                guard let time = Timestamp(rfc3339: text) else {
                    throw JSONFault(.rule, at: offset, "has a \(key) that is not RFC 3339")
                }
                scope.eventTime = time
            case ("type", _), ("event_id", _), ("database_id", _), ("tags", _), ("groups", _):
                break
            default:
                throw JSONFault(
                    .rule, at: offset, "has a key \(key.text.prefix(64)) that means nothing here",
                    hint: "known are profiles, segment_id, segment_name, event_time, position, "
                        + "delivery_id and integration_name")
            }
        }
    }

    private static func profile(
        _ value: JSONValue, at offset: Int
    ) throws(JSONFault) -> SampleProfile {
        guard case .object(let members) = value, case .string(let id)? = members["id"] else {
            throw JSONFault(.rule, at: offset, "has a profile without an id that is a text")
        }
        var profile = SampleProfile(id: id)
        guard let fields = members["fields"] else { return profile }
        guard case .object(let given) = fields else {
            throw JSONFault(.rule, at: offset, "has fields that are no object")
        }
        for (name, field) in given { profile.fields[name] = fieldValue(field) }
        return profile
    }

    private static func fieldValue(_ value: JSONValue) -> FieldValue {
        switch value {
        case .null: .null
        case .boolean(let flag): .boolean(flag)
        case .number(let text): .number(text)
        case .string(let text): .text(text)
        case .array, .object: .json(value.compactText)
        }
    }
}
