internal import FrameCodec
package import SegmentModel
package import StorageIO

/// What a snapshot of the dictionary says of itself, all of it read and checked.
package struct DictionarySnapshotSummary: Sendable {
    /// The first event that is not in it.
    package var position: Position
    package var chunkID: UInt64
    package var profileCount: Int
    package var fieldNameCount: Int
    package var eventIDCount: Int
    package var byteCount: Int

    /// Whether a file begins like a snapshot.
    package static func isSnapshot(
        _ path: String, _ fileSystem: any FileSystem
    ) throws(StorageError) -> Bool {
        let file = try fileSystem.open(path, .read)
        let start = try file.read(count: 4, at: 0)
        try file.close()
        return start == DictionarySnapshotHeader.magicBytes
    }

    /// Reads a snapshot whole; nil if there is none.
    ///
    /// - Throws: `formatUnknown`, or `ledgerCorrupt`, which costs no event; what the file system
    ///   says.
    /// - Complexity: O(bytes of the file).
    package init?(_ path: String, _ fileSystem: any FileSystem) throws {
        do throws(DictionarySnapshotError) {
            let content = try DictionarySnapshot.read(path, of: nil, fileSystem)
            position = content.place.position
            chunkID = content.place.chunkID
            profileCount = content.dictionary.profiles.count
            fieldNameCount = content.dictionary.fieldNames.count
            eventIDCount = content.dictionary.eventIDs.count
        } catch {
            switch error {
            case .missing: return nil
            case .storage(let error): throw error
            case .damaged, .foreign:
                throw Self.failure(
                    .ledgerCorrupt, path, error,
                    hint: "delete the file, the ledger makes another when it has grown; check the "
                        + "disk")
            case .version:
                throw Self.failure(
                    .formatUnknown, path, error,
                    hint: "another version of segledger wrote it; the ledger makes another when it "
                        + "has grown")
            }
        }
        let file = try fileSystem.open(path, .read)
        byteCount = try file.size()
        try file.close()
    }

    private static func failure(
        _ code: Failure.Code, _ path: String, _ error: DictionarySnapshotError, hint: String
    ) -> Failure {
        Failure(code, "\(path): \(error): it is not used, and no event is lost", hint: hint)
    }
}
