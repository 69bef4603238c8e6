internal import SegmentModel

/// The hot path: profiles straight from the line into the batch's flat arrays.
extension EventParser {
    mutating func parseProfiles(
        _ reader: inout JSONReader, into batch: inout EventBatch
    ) throws(JSONFault) {
        try reader.expect(.array, hint: "write \"profiles\":[{\"id\":\"…\"}]")
        let start = reader.offset
        try reader.enterArray()
        var count = 0
        var nameCount = 0
        while try reader.nextElement() {
            let plainCount = takePlainProfiles(&reader, nameCount: &nameCount, into: &batch)
            if plainCount > 0 {
                count += plainCount
                place.index = count - 1
                continue
            }
            place.index = count
            try parseProfile(&reader, into: &batch)
            count += 1
        }
        place.index = -1
        guard count > 0 else {
            throw JSONFault(
                .rule, at: start, "must hold at least one profile",
                hint: "leave out events that change nothing")
        }
    }

    /// Takes what the fast path can take from here on, and returns how many profiles that were.
    /// `nameCount` names are known of the profiles before.
    private mutating func takePlainProfiles(
        _ reader: inout JSONReader, nameCount: inout Int, into batch: inout EventBatch
    ) -> Int {
        guard usesFastPath else { return 0 }
        return plainNames.withUnsafeMutableBufferPointer { entries in
            guard let first = entries.baseAddress else { return 0 }
            var names = PlainNames(first, count: nameCount)
            defer { nameCount = names.count }
            return PlainProfileScanner.take(&reader, names: &names, into: &batch)
        }
    }

    private mutating func parseProfile(
        _ reader: inout JSONReader, into batch: inout EventBatch
    ) throws(JSONFault) {
        try reader.expect(.object, hint: "a profile is an object like {\"id\":\"p1\"}")
        let start = reader.offset
        try reader.enterObject()
        let firstField = batch.fields.count
        var id: EventBatch.Slice?
        var hasFields = false
        while let key = try reader.nextKey() {
            if reader.equals(key, "id") {
                place.member = .id
                try refuseRepeated(id != nil, at: reader.offset)
                id = try parseText(
                    &reader, byteCountMax: Limits.profileIDByteCountMax, into: &batch.bytes)
            } else if reader.equals(key, "fields") {
                place.member = .fields
                try refuseRepeated(hasFields, at: reader.offset)
                hasFields = true
                try parseFields(&reader, into: &batch)
            } else {
                throw unknownKey(
                    key, reader: reader, known: ["id", "fields"],
                    hint: "a profile has the keys id and fields; its fields stand inside fields")
            }
            place.member = .none
        }
        guard let id else {
            place.member = .id
            throw JSONFault(.rule, at: start, "is missing", hint: "every profile has an id")
        }
        batch.profiles.append(
            EventBatch.Profile(
                id: id, firstField: UInt32(firstField),
                fieldCount: UInt32(batch.fields.count - firstField)))
    }

    private func refuseRepeated(_ isGiven: Bool, at offset: Int) throws(JSONFault) {
        if isGiven { throw JSONFault(.rule, at: offset, "is given twice") }
    }

    private mutating func parseFields(
        _ reader: inout JSONReader, into batch: inout EventBatch
    ) throws(JSONFault) {
        let firstField = batch.fields.count
        try reader.expect(.object, hint: "fields are an object like {\"CustomID\":\"C-1\"}")
        let start = reader.offset
        try reader.enterObject()
        while let key = try reader.nextKey() {
            guard batch.fields.count - firstField < Limits.profileFieldCountMax else {
                throw JSONFault(
                    .rule, at: start, "has more than \(Limits.profileFieldCountMax) fields")
            }
            let nameStart = batch.bytes.count
            reader.append(key, to: &batch.bytes)
            let name = slice(from: nameStart, in: batch.bytes)
            guard (1...Limits.fieldNameByteCountMax).contains(Int(name.count)) else {
                throw JSONFault(
                    .rule, at: key.range.lowerBound - 1,
                    "has a name that is not 1 to \(Limits.fieldNameByteCountMax) bytes long")
            }
            place.field = name
            try parseField(name, &reader, into: &batch)
            place.field = nil
        }
        try refuseRepeatedFields(since: firstField, at: start, in: batch)
    }

    private mutating func parseField(
        _ name: EventBatch.Slice, _ reader: inout JSONReader, into batch: inout EventBatch
    ) throws(JSONFault) {
        let kind: FieldKind
        let jsonKind = try reader.peek()
        let offset = reader.offset
        let start = batch.bytes.count
        switch jsonKind {
        case .string:
            kind = .text
            reader.append(try reader.readString(), to: &batch.bytes)
        case .number:
            kind = .number
            batch.bytes.append(contentsOf: reader.rawBytes(try reader.readNumber()))
        case .boolean:
            kind = try reader.readBoolean() ? .true : .false
        case .null:
            kind = .null
            try reader.readNull()
        case .array, .object:
            kind = .json
            try reader.copyCompact(to: &batch.bytes, repeatedKeys: &repeatedKeys)
        }
        let value = slice(from: start, in: batch.bytes)
        guard value.count <= Limits.fieldValueByteCountMax else {
            throw JSONFault(
                .rule, at: offset, "is longer than \(Limits.fieldValueByteCountMax) bytes")
        }
        batch.fields.append(EventBatch.Field(name: name, kind: kind, value: value))
    }

    private mutating func refuseRepeatedFields(
        since firstField: Int, at offset: Int, in batch: EventBatch
    ) throws(JSONFault) {
        guard batch.fields.count - firstField > 1 else { return }
        let mark = repeatedKeys.mark
        for index in firstField..<batch.fields.count {
            repeatedKeys.add(batch.fields[index].name)
        }
        if let name = repeatedKeys.takeRepeated(since: mark, in: batch.bytes) {
            place.field = name
            throw JSONFault(.rule, at: offset, "is given twice")
        }
    }

    /// A string of 1 to `byteCountMax` bytes, unescaped into `bytes`.
    func parseText(
        _ reader: inout JSONReader, byteCountMax: Int, into bytes: inout [UInt8]
    ) throws(JSONFault) -> EventBatch.Slice {
        try reader.expect(.string, hint: "put it in quotes")
        let offset = reader.offset
        let start = bytes.count
        reader.append(try reader.readString(), to: &bytes)
        let text = slice(from: start, in: bytes)
        guard text.count > 0 else {
            throw JSONFault(.rule, at: offset, "must not be empty")
        }
        guard text.count <= byteCountMax else {
            throw JSONFault(.rule, at: offset, "is longer than \(byteCountMax) bytes")
        }
        return text
    }

    private func slice(from start: Int, in bytes: [UInt8]) -> EventBatch.Slice {
        EventBatch.Slice(offset: UInt32(start), count: UInt32(bytes.count - start))
    }
}
