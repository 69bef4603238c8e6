/// What a power cut does to everything that was not synced.
///
/// What was synced stays in every mode. A sector (512 bytes) is the unit that a disk writes whole;
/// the bytes of a sector that no unsynced write covers keep their value in every mode.
package enum CrashMode: String, CaseIterable, Sendable {
    /// No power cut: the process was killed, the system keeps everything.
    case processKilled
    /// All unsynced writes are gone.
    case unsyncedLost
    /// Some sectors of unsynced writes are on the disk, some are not.
    case sectorsKept
    /// Some sectors of unsynced writes read as zeros, the others are on the disk.
    case zeros
    /// Some sectors of unsynced writes hold garbage, the others are on the disk.
    case garbage
    /// Any of the unsynced writes and any of the unsynced changes of directories are on the disk,
    /// in spite of their order.
    case reordered
    /// All written bytes are on the disk, no unsynced change of a directory is.
    case entriesLost
}
