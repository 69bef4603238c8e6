internal import SegmentModel
package import StorageIO

/// Names inside a data directory.
package enum LedgerDirectory {
    package static func lock(_ directory: String) -> String { directory + "/LOCK" }

    package static func chunks(_ directory: String) -> String { directory + "/ledger" }

    static func chunkName(_ position: Position, _ chunkID: UInt64) -> String {
        let digits = String(position.rawValue)
        return String(repeating: "0", count: 20 - digits.count) + digits + "-" + hex(chunkID)
            + ".chunk"
    }

    static func isChunk(_ name: String) -> Bool { name.hasSuffix(".chunk") }

    /// Whether a ledger stands here.
    package static func hasLedger(
        _ directory: String, _ fileSystem: any FileSystem
    ) throws -> Bool {
        do {
            let path = chunks(directory)
            guard try fileSystem.exists(path) else { return false }
            return try fileSystem.list(path).contains(where: isChunk)
        } catch {
            throw error.failure
        }
    }
}
