/// A number whose text is made of an integer and the place of the point, and of nothing else.
struct ShortNumber {
    /// Digits behind the point; 0: there is none.
    var scale: Int
    /// The digits without the point, with the sign.
    var mantissa: Int64

    init(scale: Int, mantissa: Int64) {
        self.scale = scale
        self.mantissa = mantissa
    }

    /// The number that prints exactly `text`; nil if there is none, as for `1e5`, `-0`, `-0.0` or
    /// more than 18 digits.
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        var index = 0
        let isNegative = text.first == UInt8(ascii: "-")
        if isNegative { index = 1 }
        let start = index
        var point: Int?
        var digitCount = 0
        var value: Int64 = 0
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "."), point == nil {
                point = index
            } else {
                guard Digits.isDecimal(byte), digitCount < FieldColumn.digitCountMax else {
                    return nil
                }
                value = value * 10 + Int64(byte - 0x30)
                digitCount += 1
            }
            index += 1
        }
        let wholeCount = (point ?? text.count) - start
        guard wholeCount > 0, wholeCount == 1 || text[start] != UInt8(ascii: "0"),
            !(isNegative && value == 0)
        else { return nil }
        scale = point.map { text.count - $0 - 1 } ?? 0
        if point != nil, scale == 0 { return nil }
        mantissa = isNegative ? -value : value
    }

    /// Bytes of the text.
    var byteCount: Int {
        let digitCount = max(Digits.count(mantissa.magnitude), scale + 1)
        return (mantissa < 0 ? 1 : 0) + digitCount + (scale > 0 ? 1 : 0)
    }

    /// Writes the text, `byteCount` bytes.
    func write(to target: UnsafeMutablePointer<UInt8>) {
        var target = target
        if mantissa < 0 {
            target.pointee = UInt8(ascii: "-")
            target += 1
        }
        let digitCount = max(Digits.count(mantissa.magnitude), scale + 1)
        Digits.write(mantissa.magnitude, digitCount, to: target)
        guard scale > 0 else { return }
        let point = digitCount - scale
        var index = digitCount
        while index > point {
            target[index] = target[index - 1]
            index -= 1
        }
        target[point] = UInt8(ascii: ".")
    }
}
