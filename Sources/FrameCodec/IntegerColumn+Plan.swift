extension IntegerColumn {
    /// How numbers would be written, and in how many bytes.
    struct Plan {
        let smallest: Int64
        /// Divides every number's distance from the smallest.
        let unit: UInt64
        let body: Body
        let byteCount: Int

        /// - Complexity: two passes; a third of divisions while a common divisor is left.
        init(_ numbers: UnsafePointer<Int64>, _ count: Int, hasUnit: Bool) {
            var low = numbers[0]
            var high = numbers[0]
            for index in 1..<max(count, 1) {
                low = min(low, numbers[index])
                high = max(high, numbers[index])
            }
            smallest = low
            guard low != high else {
                unit = 1
                body = .constant
                byteCount = 0
                return
            }
            let unit =
                hasUnit ? Self.commonDivisor(numbers, count, UInt64(bitPattern: high &- low)) : 1
            self.unit = unit
            var packed = 0
            var varints = 0
            var start = 0
            while start < count {
                let end = min(start + BitPacking.blockLength, count)
                var all: UInt64 = 0
                for index in start..<end {
                    let distance = UInt64(bitPattern: numbers[index] &- low)
                    let number = unit == 1 ? distance : distance / unit
                    all |= number
                    varints += Self.varintByteCount(number)
                }
                let width = UInt64.bitWidth - all.leadingZeroBitCount
                packed += 1 + BitPacking.byteCount(width: width, count: end - start)
                start = end
            }
            body = varints < packed ? .varints : .packed
            byteCount = min(varints, packed)
        }

        @inline(__always)
        func quotient(_ number: Int64) -> UInt64 {
            let distance = UInt64(bitPattern: number &- smallest)
            return unit == 1 ? distance : distance / unit
        }

        @inline(__always)
        private static func varintByteCount(_ number: UInt64) -> Int {
            ((64 - (number | 1).leadingZeroBitCount) * 9 + 64) / 64
        }

        /// Of the distances from the first number, which are as those from the smallest.
        private static func commonDivisor(
            _ numbers: UnsafePointer<Int64>, _ count: Int, _ range: UInt64
        ) -> UInt64 {
            var divisor = range
            for index in 1..<count {
                if divisor == 1 { break }
                let distance = numbers[index].subtractingReportingOverflow(numbers[0])
                // A distance beyond 63 bits: no unit is looked for.
                if distance.overflow { return 1 }
                let size = distance.partialValue.magnitude
                if size % divisor != 0 { divisor = greatestCommonDivisor(divisor, size) }
            }
            return divisor
        }

        private static func greatestCommonDivisor(_ left: UInt64, _ right: UInt64) -> UInt64 {
            var left = left
            var right = right
            while right != 0 { (left, right) = (right, left % right) }
            return left
        }
    }
}
