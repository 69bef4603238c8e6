/// The names in a directory: those on the disk for good, and those that are seen now.
struct SimulatedFolder: Sendable {
    enum Entry: Hashable, Sendable {
        case file(Int)
        case folder(Int)
    }

    /// One change, whole or not at all.
    enum Change: Sendable {
        case set(String, Entry)
        case remove(String)
        /// A rename replaces what stands at the target.
        case move(String, String, Entry)

        func apply(to entries: inout [String: Entry]) {
            switch self {
            case .set(let name, let entry): entries[name] = entry
            case .remove(let name): entries[name] = nil
            case .move(let source, let target, let entry):
                entries[source] = nil
                entries[target] = entry
            }
        }
    }

    private(set) var kept: [String: Entry] = [:]
    private(set) var current: [String: Entry] = [:]
    private(set) var pending: [Change] = []

    init(kept: [String: Entry] = [:]) {
        self.kept = kept
        current = kept
    }

    mutating func change(_ change: Change) {
        change.apply(to: &current)
        pending.append(change)
    }

    mutating func sync() {
        kept = current
        pending = []
    }

    /// What is on the disk after a power cut. Where a mode says nothing else, the changes reach the
    /// disk in their order, and any number of them has.
    func crashed(_ mode: CrashMode, _ generator: inout SeededGenerator) -> [String: Entry] {
        var entries = kept
        switch mode {
        case .processKilled: return current
        case .entriesLost: return kept
        case .reordered:
            for change in pending where generator.chance(1, in: 2) { change.apply(to: &entries) }
        case .unsyncedLost, .sectorsKept, .zeros, .garbage:
            for change in pending.prefix(generator.below(pending.count + 1)) {
                change.apply(to: &entries)
            }
        }
        return entries
    }
}
