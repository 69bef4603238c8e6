/// `n` 64-bit numbers, known from elsewhere how many. All arithmetic wraps.
///
/// ```
/// n = 0: nothing
/// n = 1: signed
/// else:  form 1 byte: bits 0-1 body, bit 2 set: differences; the other bits are 0
///        differences: first number signed; the numbers below are the n - 1 differences
///        smallest signed
///        body 0: all are the smallest
///        body 1: unit varint | BitPacking blocks of (number - smallest) / unit
///        body 2: unit varint | varint of (number - smallest) / unit, each
/// ```
enum IntegerColumn {
    private static let differencesBit: UInt8 = 4

    /// What is known of a column's form beforehand.
    enum Shape {
        /// Differences do not help: counts, choices.
        case scattered
        /// Differences may help, and a common divisor may exist: times, numbers.
        case ordered
    }

    /// Appends the column, in the form that takes the fewest bytes.
    static func encode(
        _ numbers: UnsafePointer<Int64>, _ count: Int, _ shape: Shape, _ scratch: CodecScratch,
        _ writer: inout PayloadWriter
    ) {
        guard count > 1 else {
            if count == 1 { writer.signed(numbers[0]) }
            return
        }
        let plain = Plan(numbers, count, hasUnit: shape == .ordered)
        guard shape == .ordered, plain.body != .constant else {
            writer.byte(plain.body.rawValue)
            write(plain, numbers, count, scratch, &writer)
            return
        }
        let differences = scratch.differences.reserve(count)
        for index in 1..<count { differences[index - 1] = numbers[index] &- numbers[index - 1] }
        let differing = Plan(differences, count - 1, hasUnit: true)
        if differing.byteCount + 4 < plain.byteCount {
            writer.byte(differing.body.rawValue | differencesBit)
            writer.signed(numbers[0])
            write(differing, differences, count - 1, scratch, &writer)
        } else {
            writer.byte(plain.body.rawValue)
            write(plain, numbers, count, scratch, &writer)
        }
    }

    private static func write(
        _ plan: Plan, _ numbers: UnsafePointer<Int64>, _ count: Int, _ scratch: CodecScratch,
        _ writer: inout PayloadWriter
    ) {
        writer.signed(plan.smallest)
        guard plan.body != .constant else { return }
        writer.varint(plan.unit)
        if plan.body == .varints {
            for index in 0..<count { writer.varint(plan.quotient(numbers[index])) }
            return
        }
        // `numbers` may be the same memory: each is read before it is written.
        let quotients = scratch.differences.reserve(count)
        for index in 0..<count {
            quotients[index] = Int64(bitPattern: plan.quotient(numbers[index]))
        }
        quotients.withMemoryRebound(to: UInt64.self, capacity: count) {
            BitPacking.encode($0, count, &writer)
        }
    }

    /// Reads `count` numbers.
    static func decode(
        _ count: Int, _ reader: inout PayloadReader, into output: UnsafeMutablePointer<Int64>
    ) throws(FrameError) {
        guard count > 1 else {
            if count == 1 { output[0] = try reader.signed() }
            return
        }
        let form = try reader.byte()
        guard form < 8, let body = Body(rawValue: form & 3) else { throw .content(.kind) }
        if form & differencesBit == 0 {
            try decode(body, count, &reader, into: output)
            return
        }
        var number = try reader.signed()
        output[0] = number
        try decode(body, count - 1, &reader, into: output + 1)
        for index in 1..<count {
            number &+= output[index]
            output[index] = number
        }
    }

    private static func decode(
        _ body: Body, _ count: Int, _ reader: inout PayloadReader,
        into output: UnsafeMutablePointer<Int64>
    ) throws(FrameError) {
        let smallest = try reader.signed()
        guard body != .constant else {
            output.update(repeating: smallest, count: count)
            return
        }
        let unit = Int64(bitPattern: try reader.varint())
        if body == .varints {
            for index in 0..<count { output[index] = Int64(bitPattern: try reader.varint()) }
        } else {
            try output.withMemoryRebound(to: UInt64.self, capacity: count) {
                numbers throws(FrameError) in
                try BitPacking.decode(count, &reader, into: numbers)
            }
        }
        if unit == 1 {
            for index in 0..<count { output[index] = smallest &+ output[index] }
        } else {
            for index in 0..<count { output[index] = smallest &+ output[index] &* unit }
        }
    }

    enum Body: UInt8 {
        case constant = 0
        case packed = 1
        case varints = 2
    }
}
