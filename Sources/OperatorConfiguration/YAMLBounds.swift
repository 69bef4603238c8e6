internal import SegmentModel

/// What is asked of a configuration's bytes before the library reads them: it resolves aliases,
/// compares keys and keeps a node for each value before anybody can ask how many there are.
///
/// Invariants:
/// - one pass over the bytes, and memory for the names of anchors alone;
/// - it never takes a text for harmless that the library would not: what may be a value, a key or
///   an alias counts as one, also where it stands inside a text. So a text can be refused for what
///   looks like an alias; the hint says how to write it.
struct YAMLBounds {
    /// Bytes that begin or part values in any place.
    private static let marks = Set(",:-?[]{}\n\r".utf8)

    /// Not counted twice, so that the limits are those of the whole file.
    private(set) var markCount = 0
    private(set) var keyMarkCount = 0
    private var anchors: Set<ArraySlice<UInt8>> = []

    /// - Throws: what goes beyond a limit, or an alias of an anchor, with its line and column.
    static func check(_ text: String) throws(ConfigurationFaults) {
        guard text.utf8.count <= Limits.configurationByteCountMax else {
            throw fault(
                "", "the file has more than \(Limits.configurationByteCountMax) bytes",
                hint: "split it: what a file does not name stays as it is")
        }
        var bounds = YAMLBounds()
        let bytes = Array(text.utf8)
        for index in bytes.indices { try bounds.take(bytes, index) }
    }

    private mutating func take(_ bytes: [UInt8], _ index: Int) throws(ConfigurationFaults) {
        let byte = bytes[index]
        if Self.marks.contains(byte) { try count(bytes, index) }
        guard byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*"),
            Self.mayBegin(after: index == 0 ? nil : bytes[index - 1])
        else { return }
        let name = bytes[(index + 1)...].prefix(while: Self.isNamed)
        if byte == UInt8(ascii: "&") {
            anchors.insert(name)
        } else if !name.isEmpty, anchors.contains(name) {
            throw Self.fault(
                Self.place(bytes, index), "aliases (*name of an &name) are not read",
                hint: "write the value itself at each place; inside a text, write a blank behind & "
                    + "or *")
        }
    }

    private mutating func count(
        _ bytes: [UInt8], _ index: Int
    ) throws(ConfigurationFaults) {
        markCount += 1
        guard markCount <= Limits.configurationMarkCountMax else {
            throw Self.fault(
                "",
                "the file has more than \(Limits.configurationMarkCountMax) commas, colons, "
                    + "brackets and lines",
                hint: "split it: what a file does not name stays as it is")
        }
        guard bytes[index] == UInt8(ascii: "?"), Self.isBlank(bytes[(index + 1)...].first) else {
            return
        }
        keyMarkCount += 1
        guard keyMarkCount <= Limits.configurationKeyMarkCountMax else {
            throw Self.fault(
                Self.place(bytes, index),
                "the file has more than \(Limits.configurationKeyMarkCountMax) question marks "
                    + "before a blank, with which YAML begins keys",
                hint: "split it, or write no blank behind them")
        }
    }

    /// Whether an anchor or an alias may begin behind a byte: not inside a word, for a text goes on
    /// there.
    private static func mayBegin(after byte: UInt8?) -> Bool {
        guard let byte else { return true }
        return byte >= 0x80 || isBlank(byte) || "[]{},:?-\"'!&*|>".utf8.contains(byte)
    }

    private static func isBlank(_ byte: UInt8?) -> Bool {
        byte.map { $0 <= 0x20 || $0 >= 0x80 } ?? true
    }

    /// The characters of an anchor's name, for libyaml.
    private static func isNamed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func place(_ bytes: [UInt8], _ index: Int) -> String {
        let line = bytes[..<index].count { $0 == UInt8(ascii: "\n") } + 1
        let start = bytes[..<index].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let column = String(decoding: bytes[start..<index], as: UTF8.self).unicodeScalars.count + 1
        return "\(line):\(column)"
    }

    private static func fault(_ path: String, _ rule: String, hint: String) -> ConfigurationFaults {
        ConfigurationFaults([ConfigurationFault(path: path, rule: rule, hint: hint)])
    }
}
