/// The known name that was probably meant.
enum NearestName {
    /// The nearest of `candidates` by edit distance, if it is near; the first of equals.
    static func find(_ name: String, in candidates: [String]) -> String? {
        let letters = Array(name.utf8.prefix(64)).map(lowercased)
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(letters, candidate.utf8.map(lowercased))
            if distance < best?.distance ?? (max(letters.count, 3) / 3 + 1) {
                best = (candidate, distance)
            }
        }
        return best?.name
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }

    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var previous = Array(0...right.count)
        for (row, byte) in left.enumerated() {
            var line = [row + 1]
            for (column, other) in right.enumerated() {
                let change = previous[column] + (byte == other ? 0 : 1)
                line.append(min(change, previous[column + 1] + 1, line[column] + 1))
            }
            previous = line
        }
        return previous[right.count]
    }
}
