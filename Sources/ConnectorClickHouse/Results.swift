internal import Connector

/// Rows as the server writes them in its format TabSeparated, which every version has and which
/// carries bytes and NULL exactly:
/// https://clickhouse.com/docs/interfaces/formats/TabSeparated
enum ClickHouseResults {
    /// Fields are separated by a tab, each row ends with a line feed; `\N` alone is NULL, and a
    /// backslash stands before what would end a field.
    ///
    /// - Throws: more rows than are kept.
    static func rows(_ body: [UInt8]) throws(TargetFailure) -> [[String?]] {
        var rows = KeptRows()
        var row: [String?] = []
        var field: [UInt8] = []
        var isNull = false
        var index = 0
        while index < body.count {
            let byte = body[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\t"), UInt8(ascii: "\n"):
                row.append(isNull ? nil : String(decoding: field, as: UTF8.self))
                field.removeAll(keepingCapacity: true)
                isNull = false
                if byte == UInt8(ascii: "\n") {
                    try rows.append(row)
                    row.removeAll(keepingCapacity: true)
                }
            case UInt8(ascii: "\\") where index < body.count:
                if body[index] == UInt8(ascii: "N") {
                    isNull = true
                } else {
                    field.append(unescaped(body[index]))
                }
                index += 1
            default: field.append(byte)
            }
        }
        return rows.rows
    }

    private static func unescaped(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "0"): 0
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "r"): 0x0D
        default: byte
        }
    }
}
