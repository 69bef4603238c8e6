/// The bytes of a file: what is on the disk for good, and what a reader sees now.
struct SimulatedContent: Sendable {
    enum Change: Sendable {
        case write(offset: Int, bytes: [UInt8])
        case truncate(Int)

        func apply(to bytes: inout [UInt8]) {
            switch self {
            case .write(let offset, let new):
                resize(&bytes, to: max(bytes.count, offset + new.count))
                bytes.withUnsafeMutableBytes { all in
                    UnsafeMutableRawBufferPointer(rebasing: all[offset..<offset + new.count])
                        .copyBytes(from: new)
                }
            case .truncate(let size):
                resize(&bytes, to: size)
            }
        }
    }

    static let sectorByteCount = 512

    private(set) var kept: [UInt8] = []
    private(set) var current: [UInt8] = []
    /// Changes that are in `current` and not yet in `kept`.
    private(set) var pending: [Change] = []

    init(kept: [UInt8] = []) {
        self.kept = kept
        current = kept
    }

    mutating func change(_ change: Change) {
        change.apply(to: &current)
        pending.append(change)
    }

    mutating func sync() {
        for change in pending { change.apply(to: &kept) }
        pending = []
    }

    /// As Linux does it: the pages count as clean from now on, whether they reached the disk or
    /// not, so that a later sync succeeds without writing them. Some reach it here.
    mutating func failSync(_ generator: inout SeededGenerator) {
        kept = crashed(.sectorsKept, &generator)
        pending = []
    }

    /// Readers see the disk again, and what is still to be written to it.
    mutating func dropCache() {
        current = kept
        for change in pending { change.apply(to: &current) }
    }

    /// What is on the disk after a power cut.
    func crashed(_ mode: CrashMode, _ generator: inout SeededGenerator) -> [UInt8] {
        if pending.isEmpty { return mode == .processKilled ? current : kept }
        switch mode {
        case .processKilled, .entriesLost: return current
        case .unsyncedLost: return kept
        case .sectorsKept:
            var bytes = damaged(&generator) { [kept] sector, offset in
                let old = kept.dropFirst(offset).prefix(sector.count)
                sector.copyBytes(from: old)
                for index in old.count..<sector.count { sector[index] = 0 }
            }
            if generator.chance(1, in: 3) { resize(&bytes, to: min(bytes.count, kept.count)) }
            return bytes
        case .zeros:
            return damaged(&generator) { sector, _ in
                sector.initializeMemory(as: UInt8.self, repeating: 0)
            }
        case .garbage:
            var noise = generator
            return damaged(&generator) { sector, _ in
                for index in sector.indices {
                    sector[index] = UInt8(truncatingIfNeeded: noise.next())
                }
            }
        case .reordered:
            var bytes = kept
            for change in pending where generator.chance(1, in: 2) { change.apply(to: &bytes) }
            return bytes
        }
    }

    /// `current`, with some sectors of the unsynced writes spoilt.
    private func damaged(
        _ generator: inout SeededGenerator,
        _ spoil: (_ sector: UnsafeMutableRawBufferPointer, _ offset: Int) -> Void
    ) -> [UInt8] {
        var bytes = current
        bytes.withUnsafeMutableBytes { all in
            for case .write(let offset, let new) in pending {
                var start = offset
                while start < offset + new.count {
                    let sectorEnd = (start / Self.sectorByteCount + 1) * Self.sectorByteCount
                    let end = min(offset + new.count, sectorEnd)
                    if generator.chance(1, in: 2), start < all.count {
                        let range = start..<min(end, all.count)
                        spoil(UnsafeMutableRawBufferPointer(rebasing: all[range]), start)
                    }
                    start = end
                }
            }
        }
        return bytes
    }
}

/// Grows with zeros, or cuts.
private func resize(_ bytes: inout [UInt8], to size: Int) {
    if size < bytes.count {
        bytes.removeLast(bytes.count - size)
    } else if size > bytes.count {
        bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
    }
}
