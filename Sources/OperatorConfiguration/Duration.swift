/// Durations as the configuration writes them: a whole number and `ms`, `s`, `m` or `h`.
enum Duration {
    private static let units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]

    /// nil if it is not one, or beyond 64 bits.
    static func milliseconds(_ text: String) -> Int? {
        let digits = text.prefix { ("0"..."9").contains($0) }
        let unit = text.dropFirst(digits.count)
        guard let number = Int(digits), let factor = units.first(where: { $0.0 == unit })?.1 else {
            return nil
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }

    /// In the largest unit that is exact.
    static func text(milliseconds: Int) -> String {
        let unit = units.last { milliseconds != 0 && milliseconds % $0.1 == 0 } ?? units[0]
        return "\(milliseconds / unit.1)\(unit.0)"
    }
}
