package import SegmentModel
package import StorageIO

/// Names inside a data directory.
package enum LedgerDirectory {
    package static func lock(_ directory: String) -> String { directory + "/LOCK" }

    package static func chunks(_ directory: String) -> String { directory + "/ledger" }

    /// In the directory of the chunks.
    package static let manifest = "MANIFEST"

    /// In the directory of the chunks.
    package static let snapshot = "DICTIONARY"

    package static func chunkName(_ position: Position, _ chunkID: UInt64) -> String {
        digits(position) + "-" + hex(chunkID) + ".chunk"
    }

    package static func isChunk(_ name: String) -> Bool { name.hasSuffix(".chunk") }

    /// A file of zeros that becomes a chunk.
    static func spareName(_ chunkID: UInt64) -> String { hex(chunkID) + ".spare" }

    package static func isSpare(_ name: String) -> Bool {
        name.hasSuffix(".spare") || name.hasSuffix(".spare" + unfinished)
    }

    /// Behind the name of a file that is being written.
    package static let unfinished = ".new"

    /// 20 digits.
    static func digits(_ position: Position) -> String {
        let digits = String(position.rawValue)
        return String(repeating: "0", count: 20 - digits.count) + digits
    }

    /// Whether a ledger stands here.
    package static func hasLedger(
        _ directory: String, _ fileSystem: any FileSystem
    ) throws -> Bool {
        do {
            let path = chunks(directory)
            guard try fileSystem.exists(path) else { return false }
            return try fileSystem.list(path).contains { isChunk($0) || $0 == manifest }
        } catch {
            throw error.failure
        }
    }
}
