/// Texts of lower-case hexadecimal digits, two of which take a byte.
enum HexText {
    static let uuidByteCount = 36

    /// An even number of digits, at least two, and nothing else.
    static func isHex(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        guard count > 0, count & 1 == 0 else { return false }
        for index in 0..<count where Digits.hexValue(bytes[index]) == nil { return false }
        return true
    }

    /// The canonical text of a UUID, in lower case.
    static func isUUID(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        guard count == uuidByteCount else { return false }
        for index in 0..<count {
            if isHyphen(index) {
                guard bytes[index] == UInt8(ascii: "-") else { return false }
            } else if Digits.hexValue(bytes[index]) == nil {
                return false
            }
        }
        return true
    }

    private static func isHyphen(_ index: Int) -> Bool {
        index == 8 || index == 13 || index == 18 || index == 23
    }

    /// Appends the digits, two a byte; hyphens are left out.
    static func pack(
        _ bytes: UnsafePointer<UInt8>, _ count: Int, _ writer: inout PayloadWriter
    ) {
        var high: UInt8?
        for index in 0..<count {
            guard let value = Digits.hexValue(bytes[index]) else { continue }
            if let first = high {
                writer.byte(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
    }

    /// Writes two digits for each of the bytes.
    static func unpack(_ bytes: UnsafeRawBufferPointer, to target: UnsafeMutablePointer<UInt8>) {
        for index in 0..<bytes.count {
            target[2 * index] = Digits.hexDigit(bytes[index] >> 4)
            target[2 * index + 1] = Digits.hexDigit(bytes[index] & 15)
        }
    }

    /// Writes 16 bytes as a UUID.
    static func unpackUUID(
        _ bytes: UnsafeRawBufferPointer, to target: UnsafeMutablePointer<UInt8>
    ) {
        var place = 0
        for index in 0..<16 {
            if isHyphen(place) {
                target[place] = UInt8(ascii: "-")
                place += 1
            }
            target[place] = Digits.hexDigit(bytes[index] >> 4)
            target[place + 1] = Digits.hexDigit(bytes[index] & 15)
            place += 2
        }
    }
}
