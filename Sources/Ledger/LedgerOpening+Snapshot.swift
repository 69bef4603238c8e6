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
            // What an earlier version has left behind.
            case .version(let version) where version < DictionarySnapshotHeader.version: break
            case .damaged, .version, .storage:
                notices.append("\(path): \(error); all chunks were read instead")
            }
            return
        }
        snapshotPosition = content.place.position
        guard try isOfThisPast(content.place, manifest) else { return }
        snapshotPlace = content.place
        dictionaryPosition = content.place.position
        swap(&dictionary, &content.dictionary)
    }

    /// Whether the ledger's events before the place are those that the snapshot has seen: a chunk
    /// begins there that began then, or the file that has taken its place; or the bytes before it
    /// are those of then.
    private mutating func isOfThisPast(
        _ place: DictionarySnapshot.Place, _ manifest: LedgerManifest
    ) throws -> Bool {
        guard place.isInside else {
            return manifest.chunks.contains {
                $0.firstPosition == place.position
                    && ($0.chunkID == place.chunkID || $0.replacedChunkID == place.chunkID)
            }
        }
        let chunk = manifest.chunks.first { $0.chunkID == place.chunkID && $0.seal == nil }
        guard let chunk, chunk.firstPosition < place.position else { return false }
        let name = LedgerDirectory.chunkName(chunk.firstPosition, chunk.chunkID)
        let path = directory + "/" + name
        // Opening the chunk says what is wrong.
        guard try fileSystem.exists(path) else { return false }
        let file = try fileSystem.open(path, .read)
        let bytes = try file.readUpToZeros()
        try file.close()
        guard bytes.count >= place.byteCount,
            bytes.withUnsafeBytes({
                crc32c(UnsafeRawBufferPointer(rebasing: $0[..<place.byteCount]))
            }) == place.checksum
        else { return false }
        readAhead = (name, bytes)
        return true
    }

    /// INV-3: a snapshot is written only for what was durable.
    func checkSnapshot() throws {
        // A reader may have found one that is newer than the manifest it read.
        guard isWriting, let snapshotPosition else { return }
        try check(snapshotPosition, of: "the dictionary's snapshot has")
    }

    /// What writes snapshots from now on, and the one that is due now, of where the tail ends.
    mutating func makeSnapshots(
        _ tail: ChunkFile
    ) -> (snapshots: LedgerSnapshots, firstJob: LedgerKeeper.Job?) {
        let header = chunks[chunks.count - 1].header
        // The file that a place lies in may have been replaced just now.
        let durable = snapshotPlace.flatMap { place in
            !place.isInside || chunks.contains { $0.header.chunkID == place.chunkID } ? place : nil
        }
        let snapshots = LedgerSnapshots(
            directory: directory,
            identity: DictionarySnapshot.Identity(
                ledger: header.ledger, timeline: header.timeline),
            sizes: options.sizes, durable: durable,
            byteCountBehind: byteCount(behind: durable), fileSystem)
        let place = DictionarySnapshot.Place(at: published.end, in: tail, header)
        // A question is not kept waiting for what it did not ask for.
        guard options.access == .write else { return (snapshots, nil) }
        return (snapshots, snapshots.job(after: 0, at: place, on: .opening, &dictionary))
    }

    private func byteCount(behind place: DictionarySnapshot.Place?) -> Int {
        guard let place else { return chunks.reduce(0) { $0 + $1.byteCount } }
        return chunks.reduce(0) { sum, chunk in
            if chunk.end <= place.position { return sum }
            let isHolder = chunk.header.firstPosition < place.position
            return sum + chunk.byteCount - (isHolder ? place.byteCount : 0)
        }
    }
}
