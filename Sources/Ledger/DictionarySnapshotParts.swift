internal import FrameCodec
internal import StorageIO
internal import Synchronization

/// The parts of a snapshot's file behind its tables, in their order: memory, and how much of it
/// stands in the file, filled up with zeros to a multiple of 4096.
struct DictionarySnapshotParts {
    private struct Part: Sendable {
        var page: MemoryPage
        var byteCount: Int
        var offset: Int
        var firstPiece: Int
    }

    /// Bytes from which on a second thread pays.
    private static let sharedByteCountMin = 4 << 20

    private let file: any File
    private let fileByteCount: Int
    private let pieceCount: Int
    private var parts: [Part] = []
    private var offset: Int
    private var nextPiece = 0

    init(_ file: any File, _ header: DictionarySnapshotHeader) {
        self.file = file
        fileByteCount = Int(header.fileByteCount)
        pieceCount = Int(header.pieceCount)
        offset = DictionarySnapshotHeader.byteCount + Int(header.tableByteCount)
    }

    var count: Int { parts.count }

    /// All of the file has its part.
    var isComplete: Bool { nextPiece == pieceCount && offset == fileByteCount }

    /// The file must hold what is asked of memory.
    func checkRoom(_ byteCount: Int) throws(DictionarySnapshotError) {
        guard byteCount <= fileByteCount - offset else { throw .damaged(.length) }
    }

    /// The next bytes of the file are those of a page.
    mutating func add(_ page: MemoryPage, byteCount: Int) throws(DictionarySnapshotError) {
        let wanted = DictionarySnapshot.aligned(byteCount)
        let pieces =
            (wanted + DictionarySnapshot.pieceByteCount - 1) / DictionarySnapshot.pieceByteCount
        guard pieces <= pieceCount - nextPiece, wanted <= fileByteCount - offset else {
            throw .damaged(.length)
        }
        parts.append(
            Part(page: page, byteCount: byteCount, offset: offset, firstPiece: nextPiece))
        nextPiece += pieces
        offset += wanted
    }

    /// Reads parts and compares their checksums, on two threads if there is much to read.
    ///
    /// - Parameters:
    ///   - checksums: of all pieces.
    ///   - check: gets the number of a part within `range` once it was read, on whichever thread
    ///     read it; false if what stands there is impossible.
    func read(
        _ range: Range<Int>, _ checksums: ArraySlice<UInt8>,
        check: @escaping @Sendable (Int) -> Bool
    ) throws(DictionarySnapshotError) {
        let chosen = Array(parts[range])
        let byteCount = chosen.reduce(0) { $0 + $1.byteCount }
        let failure = Mutex<DictionarySnapshotError?>(nil)
        let file = file
        shareWork(chosen.count, isShared: byteCount >= Self.sharedByteCountMin) { number in
            guard failure.withLock({ $0 == nil }) else { return }
            do throws(DictionarySnapshotError) {
                try Self.read(chosen[number], of: file, checksums)
                guard check(number) else { throw .damaged(.pages) }
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }

    private static func read(
        _ part: Part, of file: any File, _ checksums: ArraySlice<UInt8>
    ) throws(DictionarySnapshotError) {
        let wanted = DictionarySnapshot.aligned(part.byteCount)
        var done = 0
        var piece = part.firstPiece
        while done < wanted {
            let count = min(DictionarySnapshot.pieceByteCount, wanted - done)
            let target = UnsafeMutableRawBufferPointer(start: part.page.base + done, count: count)
            let offset = part.offset + done
            let read = try DictionarySnapshot.storage { () throws(StorageError) in
                try file.read(into: target, at: offset)
            }
            let checksum = checksums.withUnsafeBytes {
                UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: piece * 4, as: UInt32.self))
            }
            guard read == count, crc32c(UnsafeRawBufferPointer(target)) == checksum else {
                throw .damaged(.pages)
            }
            piece += 1
            done += count
        }
        for index in part.byteCount..<wanted
        where part.page.base.load(fromByteOffset: index, as: UInt8.self) != 0 {
            throw .damaged(.pages)
        }
    }
}
