/// A disk that is led through its changes one by one: one run of a workload gives a power cut at
/// every point of it.
package struct DiskHistory: Sendable {
    private var disk: SimulatedDisk
    private let changes: [SimulatedDisk.Change]
    /// Changes that have happened.
    package private(set) var changeCount = 0

    /// Of the disk, so that no image of an image draws the same random numbers again.
    private let number: UInt64

    init(disk: SimulatedDisk, changes: [SimulatedDisk.Change], number: UInt64) {
        self.disk = disk
        self.changes = changes
        self.number = number
    }

    package var isAtEnd: Bool { changeCount == changes.count }

    /// Lets the next change happen. Precondition: not at the end.
    package mutating func advance() {
        disk.apply(changes[changeCount])
        changeCount += 1
    }

    /// Whether nothing would be lost in a power cut now: all modes give the same disk.
    package var isSettled: Bool { disk.isSettled }

    /// The disk as it may look after a power cut now.
    package func crashImage(_ mode: CrashMode, seed: UInt64) -> SimulatedFileSystem {
        var generator = SeededGenerator(seeds: seed, UInt64(changeCount))
        return SimulatedFileSystem(
            disk: disk.crashed(mode, &generator), number: generator.next() &+ number &+ 1)
    }
}
