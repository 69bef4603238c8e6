internal import FrameCodec
internal import SegmentModel

/// Works out what changes when fields are set: linear in fields given and fields there.
///
/// Reuses its memory; not shared between threads.
struct FieldChanges: Sendable {
    /// The last field given of a name, and what is known of it.
    private struct Mark {
        var round: UInt32 = 0
        var candidate: UInt32 = 0
        var isCurrent = false
        var isThere = false
    }

    /// The fields after `apply`, as a `FieldRun`.
    private(set) var run: [UInt8] = []
    private var marks: [Mark] = []
    private var round: UInt32 = 0

    /// Compares fields (of equal names the last counts) with a profile's current ones.
    ///
    /// - Parameters:
    ///   - candidates: names, kinds and places of values in `source`.
    ///   - nameCount: field names known; all of `candidates` are below.
    ///   - changed: gets those that differ, in the order given. `run` is meaningful only then.
    mutating func apply(
        _ candidates: UnsafeBufferPointer<Frame.FieldChange>, _ source: UnsafeRawBufferPointer,
        to current: FieldRun, nameCount: Int, changed: inout [Frame.FieldChange]
    ) {
        run.removeAll(keepingCapacity: true)
        if candidates.count == 1 {
            applyOne(candidates[0], source, to: current, &changed)
        } else {
            mark(candidates, nameCount)
            merge(candidates, source, current, &changed)
        }
    }

    @inline(__always)
    private mutating func applyOne(
        _ candidate: Frame.FieldChange, _ source: UnsafeRawBufferPointer, to current: FieldRun,
        _ changed: inout [Frame.FieldChange]
    ) {
        let value = Self.value(candidate, source)
        var current = current
        var isThere = false
        while let stored = current.next() {
            guard stored.name == candidate.name else {
                run.append(contentsOf: stored.whole)
                continue
            }
            if FieldRun.holds(stored, candidate.kind, value) { return }
            isThere = true
            if !Self.isNull(candidate) {
                FieldRun.append(name: candidate.name, candidate.kind, value, to: &run)
            }
        }
        if !isThere {
            guard !Self.isNull(candidate) else { return }
            FieldRun.append(name: candidate.name, candidate.kind, value, to: &run)
        }
        changed.append(candidate)
    }

    private mutating func mark(
        _ candidates: UnsafeBufferPointer<Frame.FieldChange>, _ nameCount: Int
    ) {
        round &+= 1
        if round == 0 || marks.count < nameCount {
            let missing = max(0, nameCount - marks.count)
            marks.append(contentsOf: repeatElement(Mark(), count: missing))
            for index in marks.indices where round == 0 { marks[index].round = 0 }
            round = max(round, 1)
        }
        for (index, candidate) in candidates.enumerated() {
            marks[Int(candidate.name)] = Mark(round: round, candidate: UInt32(index))
        }
    }

    private mutating func merge(
        _ candidates: UnsafeBufferPointer<Frame.FieldChange>, _ source: UnsafeRawBufferPointer,
        _ current: FieldRun, _ changed: inout [Frame.FieldChange]
    ) {
        var current = current
        while let stored = current.next() {
            let name = Int(stored.name)
            guard name < marks.count, marks[name].round == round else {
                run.append(contentsOf: stored.whole)
                continue
            }
            let candidate = candidates[Int(marks[name].candidate)]
            let value = Self.value(candidate, source)
            marks[name].isThere = true
            marks[name].isCurrent = FieldRun.holds(stored, candidate.kind, value)
            if !Self.isNull(candidate) {
                FieldRun.append(name: candidate.name, candidate.kind, value, to: &run)
            }
        }
        for (index, candidate) in candidates.enumerated() {
            let mark = marks[Int(candidate.name)]
            guard mark.candidate == index, !mark.isCurrent else { continue }
            if !mark.isThere {
                guard !Self.isNull(candidate) else { continue }
                FieldRun.append(
                    name: candidate.name, candidate.kind, Self.value(candidate, source), to: &run)
            }
            changed.append(candidate)
        }
    }

    /// Written as a pattern: `==` would be a call for each field.
    @inline(__always)
    private static func isNull(_ candidate: Frame.FieldChange) -> Bool {
        if case .null = candidate.kind { true } else { false }
    }

    @inline(__always)
    private static func value(
        _ candidate: Frame.FieldChange, _ source: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        guard !Self.isNull(candidate) else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(rebasing: source[candidate.value.range])
    }
}
