internal import FrameCodec
package import SegmentModel
internal import Synchronization

/// Computes the ledger's fingerprint at any position: a frame says what it is before its first
/// event, and what the frame's events add is computed.
struct FingerprintReading {
    let names: FieldNameHashes
    /// The whole frame that holds a position.
    let frame: (Position) throws -> Frame

    /// The digests before the positions given, in one pass over the frames that hold them.
    ///
    /// - Complexity: O(bytes of these frames). Frames of older versions do not say where they
    ///   begin: there the pass begins at the last frame before them that does.
    func digests(before positions: some Sequence<Position>) throws -> [Position: UInt128] {
        var digests: [Position: UInt128] = [:]
        var current: Walk?
        for position in positions.sorted() {
            guard let last = position.predecessor else {
                digests[position] = FingerprintChain().digest
                continue
            }
            if let walk = current, last < walk.frame.endPosition {
            } else {
                current = try walk(to: try frame(last))
            }
            digests[position] = current?.digest(before: position, names)
        }
        return digests
    }

    /// A frame, and how far its events were taken in.
    private struct Walk {
        let frame: Frame
        var chain: FingerprintChain
        var index = 0
        var profileCount: UInt32

        init(_ frame: Frame, _ chain: FingerprintChain) {
            self.frame = frame
            self.chain = chain
            profileCount = frame.firstOrdinal
        }

        mutating func digest(before position: Position, _ names: FieldNameHashes) -> UInt128 {
            let end = Int(position.rawValue - frame.firstPosition.rawValue)
            chain.add(frame, index..<end, &profileCount, names: names)
            index = end
            return chain.digest
        }
    }

    private func walk(to frame: Frame) throws -> Walk {
        var ahead: [Frame] = []
        var first = frame
        while first.digestBefore == nil, let last = first.firstPosition.predecessor {
            ahead.append(first)
            first = try self.frame(last)
        }
        var chain = first.digestBefore.map(FingerprintChain.init(digest:)) ?? FingerprintChain()
        while let next = ahead.popLast() {
            chain.add(first, names: names)
            first = next
        }
        return Walk(frame, chain)
    }
}

extension FileLedger {
    package func fingerprint() throws -> Fingerprint {
        let (end, digest) = shared.published.withLock { ($0.end, $0.digest) }
        if let digest { return Fingerprint(position: end, digest: digest) }
        return try fingerprints(before: [end])[end]!
    }

    package func fingerprints(
        before positions: Set<Position>
    ) throws -> [Position: Fingerprint] {
        var names = FieldNameHashes()
        shared.dictionary.withLock { names.extend($0.fieldNames) }
        let reading = FingerprintReading(names: names) { position in
            guard let frame = try self.frame(containing: position) else {
                preconditionFailure("fingerprints are asked for up to the ledger's end")
            }
            return frame
        }
        let digests = try reading.digests(before: positions)
        return digests.reduce(into: [:]) { found, one in
            found[one.key] = Fingerprint(position: one.key, digest: one.value)
        }
    }
}

extension LedgerOpening {
    /// Says what the ledger's fingerprint is at its end, for the writer to go on from.
    mutating func computeFingerprint() throws {
        var names = FieldNameHashes()
        names.extend(dictionary.fieldNames)
        let published = published
        let reading = FingerprintReading(names: names) { position in
            guard let place = published.place(containing: position) else {
                preconditionFailure("the position lies before the ledger's end")
            }
            return try place.decode(FrameCodec.decode)
        }
        let end = published.end
        self.published.digest = try reading.digests(before: [end])[end]
    }
}
