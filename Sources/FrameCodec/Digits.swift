/// Numbers as text and back, digit by digit.
enum Digits {
    /// 10 to the power of `count`; `count` in 0...18.
    static func power(_ count: Int) -> Int64 {
        var power: Int64 = 1
        for _ in 0..<count { power *= 10 }
        return power
    }

    static func isDecimal(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// Value of a digit or a lower-case letter a to f; nil for any other byte.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt8? {
        if byte &- 0x30 < 10 { return byte &- 0x30 }
        if byte &- 0x61 < 6 { return byte &- 0x61 + 10 }
        return nil
    }

    @inline(__always)
    static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

    /// Digits of a number without leading zeros, at least one.
    static func count(_ number: UInt64) -> Int {
        var count = 1
        var rest = number / 10
        while rest > 0 {
            count += 1
            rest /= 10
        }
        return count
    }

    /// Writes `count` decimal digits, with leading zeros.
    @inline(__always)
    static func write(_ number: UInt64, _ count: Int, to target: UnsafeMutablePointer<UInt8>) {
        var rest = number
        var index = count
        while index > 0 {
            index &-= 1
            target[index] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// Value of decimal digits; nil if another byte is among them. At most 18.
    @inline(__always)
    static func value(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int64? {
        var value: Int64 = 0
        for index in 0..<count {
            let digit = bytes[index] &- 0x30
            guard digit < 10 else { return nil }
            value = value &* 10 &+ Int64(digit)
        }
        return value
    }

    /// Value of lower-case hex digits; nil if another byte is among them. At most 15.
    @inline(__always)
    static func hexValue(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int64? {
        var value: Int64 = 0
        for index in 0..<count {
            guard let digit = hexValue(bytes[index]) else { return nil }
            value = value &<< 4 | Int64(digit)
        }
        return value
    }
}
