internal import FrameCodec
internal import SegmentModel

/// The current fields of every profile, so that the ledger stores a field only when it changes.
///
/// A profile's fields are one run of `bytes`: for each field its name number (4 bytes), kind (1),
/// length (4) and value. A change writes a new run; runs left behind are swept once they outweigh
/// the living ones.
struct FieldStore {
    private var bytes: [UInt8] = []
    private var runs: [(offset: UInt64, count: UInt32)] = []
    private var garbage = 0

    /// What differs from the current fields among `candidates` (later entries win), applied.
    ///
    /// - Returns: the changes, in the order of first mention; empty if nothing differs.
    mutating func apply(
        _ candidates: [Frame.FieldChange], from source: UnsafeRawBufferPointer, to ordinal: Int
    ) -> [Frame.FieldChange] {
        while runs.count <= ordinal { runs.append((0, 0)) }
        var changed: [Frame.FieldChange] = []
        for (index, candidate) in candidates.enumerated() {
            let isLast = !candidates[(index + 1)...].contains { $0.name == candidate.name }
            if isLast, !isCurrent(candidate, source, ordinal) { changed.append(candidate) }
        }
        if !changed.isEmpty { rewrite(ordinal, changed, source) }
        return changed
    }

    private struct Entry {
        var name: UInt32
        var kind: UInt8
        var value: Range<Int>
        var whole: Range<Int>
    }

    private func entries(of ordinal: Int) -> [Entry] {
        let run = runs[ordinal]
        var index = Int(run.offset)
        let end = index + Int(run.count)
        var result: [Entry] = []
        while index < end {
            let name = number(at: index)
            let length = Int(number(at: index + 5))
            let value = index + 9..<index + 9 + length
            result.append(
                Entry(
                    name: name, kind: bytes[index + 4], value: value,
                    whole: index..<value.upperBound))
            index = value.upperBound
        }
        return result
    }

    private func number(at index: Int) -> UInt32 {
        bytes.withUnsafeBytes {
            UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: index, as: UInt32.self))
        }
    }

    private func isCurrent(
        _ candidate: Frame.FieldChange, _ source: UnsafeRawBufferPointer, _ ordinal: Int
    ) -> Bool {
        let run = runs[ordinal]
        var index = Int(run.offset)
        let end = index + Int(run.count)
        while index < end {
            let length = Int(number(at: index + 5))
            if number(at: index) == candidate.name {
                guard bytes[index + 4] == candidate.kind.rawValue,
                    length == Int(candidate.value.count)
                else { return false }
                let start = index + 9
                return bytes.withUnsafeBytes {
                    UnsafeRawBufferPointer(rebasing: $0[start..<start + length])
                        .elementsEqual(
                            UnsafeRawBufferPointer(rebasing: source[candidate.value.range]))
                }
            }
            index += 9 + length
        }
        return candidate.kind == .null
    }

    private mutating func rewrite(
        _ ordinal: Int, _ changes: [Frame.FieldChange], _ source: UnsafeRawBufferPointer
    ) {
        let old = entries(of: ordinal)
        let start = bytes.count
        for entry in old where !changes.contains(where: { $0.name == entry.name }) {
            bytes.append(contentsOf: Array(bytes[entry.whole]))
        }
        for change in changes where change.kind != .null {
            bytes.appendLittleEndian(change.name)
            bytes.append(change.kind.rawValue)
            bytes.appendLittleEndian(change.value.count)
            bytes.append(contentsOf: source[change.value.range])
        }
        garbage += Int(runs[ordinal].count)
        runs[ordinal] = (UInt64(start), UInt32(bytes.count - start))
        if garbage > 1 << 20, garbage > bytes.count / 2 { sweep() }
    }

    private mutating func sweep() {
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count - garbage)
        for index in runs.indices {
            let start = Int(runs[index].offset)
            let moved = kept.count
            kept.append(contentsOf: bytes[start..<start + Int(runs[index].count)])
            runs[index].offset = UInt64(moved)
        }
        bytes = kept
        garbage = 0
    }
}
