/// Numbers as JSON text, compared exactly: no digit is lost to a binary fraction.
struct DecimalText {
    private var isNegative = false
    /// Without zeros at either end; empty for zero.
    private var digits: [UInt8] = []
    /// Power of ten of the first digit.
    private var exponent = 0

    /// nil if the bytes are not a number by the JSON grammar.
    init?(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard Self.isNumber(bytes) else { return nil }
        var pointFound = false
        var wholeCount = 0
        var explicitExponent = 0
        for index in bytes.indices {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): pointFound = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                explicitExponent = Self.clampedInteger(bytes[(index + 1)...])
            default:
                digits.append(byte)
                wholeCount += pointFound ? 0 : 1
            }
            if byte | 0x20 == UInt8(ascii: "e") { break }
        }
        let leadingZeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeFirst(leadingZeros)
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
        }
        exponent = wholeCount - leadingZeros + explicitExponent
        if digits.isEmpty {
            isNegative = false
            exponent = 0
        }
    }

    var isZero: Bool { digits.isEmpty }

    /// Below zero, zero or above: less, equal, greater.
    func compared(to other: DecimalText) -> Int {
        if isNegative != other.isNegative { return isNegative ? -1 : 1 }
        let magnitude = comparedMagnitude(to: other)
        return isNegative ? -magnitude : magnitude
    }

    private func comparedMagnitude(to other: DecimalText) -> Int {
        if isZero || other.isZero { return (isZero ? 0 : 1) - (other.isZero ? 0 : 1) }
        if exponent != other.exponent { return exponent < other.exponent ? -1 : 1 }
        if digits == other.digits { return 0 }
        return digits.lexicographicallyPrecedes(other.digits) ? -1 : 1
    }

    static func isNumber(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var rest = bytes[...]
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let whole = rest.prefix(while: isDigit)
        guard let first = whole.first, first != UInt8(ascii: "0") || whole.count == 1 else {
            return false
        }
        rest = rest.dropFirst(whole.count)
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix(while: isDigit)
            guard !fraction.isEmpty else { return false }
            rest = rest.dropFirst(fraction.count + 1)
        }
        if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
                rest = rest.dropFirst()
            }
            guard !rest.isEmpty else { return false }
            rest = rest.drop(while: isDigit)
        }
        return rest.isEmpty
    }

    private static func clampedInteger(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int {
        let isNegative = bytes.first == UInt8(ascii: "-")
        var value = 0
        for byte in bytes where (0x30...0x39).contains(byte) {
            value = min(value * 10 + Int(byte - 0x30), 1 << 40)
        }
        return isNegative ? -value : value
    }
}

/// Whether two texts are one number, digit for digit; false where one is no number.
package func isSameNumber(_ first: String, _ second: String) -> Bool {
    func decimal(_ text: String) -> DecimalText? {
        Array(text.utf8).withUnsafeBufferPointer { DecimalText($0) }
    }
    guard let first = decimal(first), let second = decimal(second) else { return false }
    return first.compared(to: second) == 0
}
