internal import FrameCodec
internal import Ledger
internal import MerkleTree
internal import SegmentModel

/// Computes the Merkle leaves of a ledger's events again, and compares the roots with those that
/// its sealed chunks keep.
struct MerkleCheck {
    private var hasher: LeafHasher
    private var range = CompactRange()
    private var saltState: [UInt8]
    private(set) var comparedCount = 0

    /// - Throws: `ledgerCorrupt` if the salts cannot be read.
    init(saltState: [UInt8]) throws {
        self.saltState = saltState
        hasher = LeafHasher(salts: try Self.salts(saltState))
    }

    /// Of all events taken in.
    var root: String { range.root().description }

    /// A chunk that was sealed before salts were kept has none of its own: those known go on.
    mutating func begin(_ header: ChunkHeader) throws {
        guard !header.saltState.isEmpty, header.saltState != saltState else { return }
        saltState = header.saltState
        hasher.use(try Self.salts(saltState))
    }

    mutating func add(_ frame: Frame) throws {
        do {
            try hasher.add(frame, into: &range)
        } catch {
            throw Failure(
                .ledgerCorrupt,
                "the events from position \(frame.firstPosition) on have no Merkle leaf: \(error)",
                hint: "restore a backup with 'segledger restore'")
        }
    }

    /// Compares; after a difference goes on from what the chunk says, so that those behind it are
    /// told apart.
    mutating func end(_ chunk: LedgerCopySource.CheckedChunk) -> VerificationFault? {
        guard let footer = chunk.footer else { return nil }
        let own = CompactRange(encoded: footer.range)
        if footer.root == range.root().bytes, own == range {
            comparedCount += 1
            return nil
        }
        if let own, own.begin == 0, own.end == range.end { range = own }
        return VerificationFault(
            path: chunk.path, firstPosition: chunk.header.firstPosition,
            lastPosition: chunk.end.predecessor,
            what: "the Merkle root is not the one that the chunk was sealed with: its events, or "
                + "the root, were changed since")
    }

    private static func salts(_ state: [UInt8]) throws -> SaltTree {
        guard let salts = SaltTree(encoded: state) else {
            throw Failure(
                .ledgerCorrupt, "the salts of the Merkle leaves cannot be read",
                hint: "restore a backup with 'segledger restore'")
        }
        return salts
    }
}
