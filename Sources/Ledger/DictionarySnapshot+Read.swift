internal import FrameCodec
internal import SegmentModel
internal import StorageIO

extension DictionarySnapshot {
    /// Reads a snapshot back.
    ///
    /// - Parameter identity: of the ledger; nil takes any.
    /// - Throws: why there is none to be had. Every byte of the file is covered by a checksum and
    ///   every number is checked: no file gives other data, or reads outside of memory.
    /// - Complexity: O(bytes of the file).
    /// - Concurrency: blocks; call it on an owned thread.
    static func read(
        _ path: String, of identity: Identity?, _ fileSystem: any FileSystem
    ) throws(DictionarySnapshotError) -> Content {
        let file = try open(path, fileSystem)
        let content: Content
        do throws(DictionarySnapshotError) {
            content = try read(file, of: identity)
        } catch {
            try storage { () throws(StorageError) in try file.close() }
            throw error
        }
        try storage { () throws(StorageError) in try file.close() }
        return content
    }

    private static func open(
        _ path: String, _ fileSystem: any FileSystem
    ) throws(DictionarySnapshotError) -> any File {
        guard try storage({ () throws(StorageError) in try fileSystem.exists(path) }) else {
            throw .missing
        }
        return try storage { () throws(StorageError) in try fileSystem.open(path, .read) }
    }

    private static func read(
        _ file: any File, of identity: Identity?
    ) throws(DictionarySnapshotError) -> Content {
        let head = try storage { () throws(StorageError) in
            try file.read(count: DictionarySnapshotHeader.byteCount, at: 0)
        }
        let header = try header(head)
        guard identity.map({ $0 == header.identity }) ?? true else { throw .foreign }
        let byteCount = try storage { () throws(StorageError) in try file.size() }
        guard byteCount == Int(header.fileByteCount),
            header.tableByteCount == header.expectedTableByteCount
        else { throw .damaged(.length) }
        let tables = try storage { () throws(StorageError) in
            try file.read(
                count: Int(header.tableByteCount), at: DictionarySnapshotHeader.byteCount)
        }
        guard tables.count == Int(header.tableByteCount),
            tables.withUnsafeBytes({ crc32c($0) }) == header.tableChecksum
        else { throw .damaged(.tables) }
        var reader = DictionarySnapshotReader(file, header, tables)
        let dictionary = try reader.dictionary()
        return Content(dictionary: dictionary, place: header.place)
    }

    private static func header(
        _ bytes: [UInt8]
    ) throws(DictionarySnapshotError) -> DictionarySnapshotHeader {
        var result: Result<DictionarySnapshotHeader, DictionarySnapshotError>?
        bytes.withUnsafeBytes { bytes in
            do throws(DictionarySnapshotError) {
                result = .success(try DictionarySnapshotHeader(bytes))
            } catch {
                result = .failure(error)
            }
        }
        return try result!.get()
    }

    static func storage<Value>(
        _ body: () throws(StorageError) -> Value
    ) throws(DictionarySnapshotError) -> Value {
        do throws(StorageError) {
            return try body()
        } catch {
            throw .storage(error)
        }
    }
}
