internal import SegmentModel

extension JSONReader {
    /// Copies the next value as compact JSON: no white space, numbers as they came, strings escaped
    /// as little as JSON allows. Never longer than the original.
    ///
    /// - Throws: a rule's fault if an object inside gives a key twice.
    mutating func copyCompact(
        to output: inout [UInt8], repeatedKeys: inout RepeatedKeys
    ) throws(JSONFault) {
        switch try peek() {
        case .object:
            try copyObject(to: &output, repeatedKeys: &repeatedKeys)
        case .array:
            output.append(UInt8(ascii: "["))
            try enterArray()
            var isFirst = true
            while try nextElement() {
                if !isFirst { output.append(UInt8(ascii: ",")) }
                isFirst = false
                try copyCompact(to: &output, repeatedKeys: &repeatedKeys)
            }
            output.append(UInt8(ascii: "]"))
        case .string:
            copyEscaped(try readString(), to: &output)
        case .number:
            output.append(contentsOf: rawBytes(try readNumber()))
        case .boolean:
            output.append(contentsOf: (try readBoolean() ? "true" : "false").utf8)
        case .null:
            try readNull()
            output.append(contentsOf: "null".utf8)
        }
    }

    /// Writes a string with its quotes, escaped as little as JSON allows.
    func copyEscaped(_ text: Text, to output: inout [UInt8]) {
        guard text.hasEscapes else {
            output.append(UInt8(ascii: "\""))
            output.append(contentsOf: rawBytes(text.range))
            output.append(UInt8(ascii: "\""))
            return
        }
        var plain: [UInt8] = []
        append(text, to: &plain)
        appendJSONString(plain, to: &output)
    }

    private mutating func copyObject(
        to output: inout [UInt8], repeatedKeys: inout RepeatedKeys
    ) throws(JSONFault) {
        let start = offset
        output.append(UInt8(ascii: "{"))
        try enterObject()
        let mark = repeatedKeys.mark
        var isFirst = true
        while let key = try nextKey() {
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            let keyStart = output.count
            copyEscaped(key, to: &output)
            repeatedKeys.add(
                EventBatch.Slice(
                    offset: UInt32(keyStart), count: UInt32(output.count - keyStart)))
            output.append(UInt8(ascii: ":"))
            try copyCompact(to: &output, repeatedKeys: &repeatedKeys)
        }
        output.append(UInt8(ascii: "}"))
        guard repeatedKeys.takeRepeated(since: mark, in: output) == nil else {
            throw JSONFault(.rule, at: start, "holds an object that gives a key twice")
        }
    }
}
