internal import FrameCodec
internal import SegmentModel
internal import StorageIO

extension LedgerOpening {
    /// Takes the dictionary from its snapshot, if that stands for a point where one of the ledger's
    /// chunks begins. Without it all chunks are read.
    mutating func readSnapshot() throws {
        guard let manifest else { return }
        let path = directory + "/" + LedgerDirectory.snapshot
        var content: DictionarySnapshot.Content
        do throws(DictionarySnapshotError) {
            content = try DictionarySnapshot.read(
                path,
                of: DictionarySnapshot.Identity(
                    ledger: manifest.ledger, timeline: manifest.timeline), fileSystem)
        } catch {
            switch error {
            case .missing, .foreign: break
            case .damaged, .version, .storage:
                notices.append("\(path): \(error); all chunks were read instead")
            }
            return
        }
        snapshotPosition = content.place.position
        guard manifest.chunks.contains(where: { content.place.isStart(of: $0) }) else { return }
        dictionaryPosition = content.place.position
        swap(&dictionary, &content.dictionary)
    }

    /// INV-3: a snapshot is written only for what was durable.
    func checkSnapshot() throws {
        // A reader may have found one that is newer than the manifest it read.
        guard isWriting, let snapshotPosition else { return }
        try check(snapshotPosition, of: "the dictionary's snapshot has")
    }

    /// Before the last chunk is folded: it alone may still change.
    mutating func captureIfDue(at header: ChunkHeader) {
        guard
            LedgerSnapshots.isDue(
                byteCountBehindSnapshot, dictionary, divisor: options.sizes.snapshotDivisor)
        else { return }
        capture = (
            dictionary.capture(),
            DictionarySnapshot.Place(position: header.firstPosition, chunkID: header.chunkID)
        )
    }

    /// Of the chunks that the snapshot does not cover, without the last.
    private var byteCountBehindSnapshot: Int {
        chunks.reduce(0) { sum, chunk in
            chunk.header.firstPosition < dictionaryPosition ? sum : sum + chunk.byteCount
        }
    }

    /// What writes snapshots from now on, and the one that is due now.
    mutating func makeSnapshots() -> (snapshots: LedgerSnapshots, firstJob: LedgerKeeper.Job?) {
        let last = chunks[chunks.count - 1]
        let header = last.header
        let snapshots = LedgerSnapshots(
            directory: directory,
            identity: DictionarySnapshot.Identity(
                ledger: header.ledger, timeline: header.timeline),
            divisor: options.sizes.snapshotDivisor,
            byteCountBehind: byteCountBehindSnapshot - last.byteCount, fileSystem)
        guard let capture else { return (snapshots, nil) }
        self.capture = nil
        return (snapshots, snapshots.job(capture.dictionary, at: capture.place))
    }
}

extension DictionarySnapshot.Place {
    /// A chunk begins here: the one that began when the snapshot was taken, or the file that has
    /// taken its place.
    fileprivate func isStart(of chunk: LedgerManifest.Chunk) -> Bool {
        chunk.firstPosition == position
            && (chunk.chunkID == chunkID || chunk.replacedChunkID == chunkID)
    }
}
