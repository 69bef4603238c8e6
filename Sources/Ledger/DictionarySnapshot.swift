internal import SegmentModel
internal import StorageIO

/// The dictionary in a file of its own, so that opening a ledger need not read what lies before it:
/// the memory of the tables as it is, under checksums (docs/internals/dictionary.md).
///
/// A snapshot stands for the state after all events before a position. It is never needed: one that
/// is missing, damaged or of another ledger costs a longer opening, and nothing else.
enum DictionarySnapshot {
    /// Where the ledger's snapshot belongs.
    struct Identity: Hashable, Sendable {
        /// 16 bytes each, as in `ChunkHeader`.
        var ledger: [UInt8]
        var timeline: [UInt8]
    }

    /// The point of the ledger that a snapshot stands for.
    struct Place: Hashable, Sendable {
        /// The first event that is not in it.
        var position: Position
        /// The chunk that begins there, or in which it lies.
        var chunkID: UInt64
        /// Bytes of that chunk before the position, and their CRC-32C, for the reader to compare;
        /// 0 where the chunk begins there.
        var byteCount = 0
        var checksum: UInt32 = 0

        /// The position lies inside the chunk: known again only as long as this is not sealed.
        var isInside: Bool { byteCount > 0 }
    }

    struct Content: ~Copyable {
        var dictionary: LedgerDictionary
        var place: Place
    }

    /// Bytes that share a checksum, at most.
    static let pieceByteCount = 1 << 20
    /// What stands in a file begins at a multiple of it.
    static let alignment = 4096

    /// Tables of fewer entries are not worth their pages in the file.
    static let slotsStoredCountMin = 1 << 15

    static func aligned(_ byteCount: Int) -> Int {
        (byteCount + alignment - 1) & ~(alignment - 1)
    }
}

/// Why there is no dictionary to be had from a snapshot.
enum DictionarySnapshotError: Error, Hashable, Sendable {
    /// There is no such file.
    case missing
    /// The file system failed.
    case storage(StorageError)
    /// A checksum, a length or a number is wrong; names the part.
    case damaged(Part)
    /// It was written by another version.
    case version(UInt32)
    /// It belongs to another ledger, or to another timeline of it.
    case foreign

    enum Part: String, Sendable {
        case header, tables, length, profiles
        case fieldNames = "field names"
        case eventIDs = "event ids"
        case pages
    }
}

extension DictionarySnapshotError: CustomStringConvertible {
    var description: String {
        switch self {
        case .missing: "the snapshot is missing"
        case .storage(let error): error.failure.message
        case .damaged(let part): "the snapshot is damaged (\(part.rawValue))"
        case .version(let version): "the snapshot is of version \(version)"
        case .foreign: "the snapshot is of another ledger"
        }
    }
}
