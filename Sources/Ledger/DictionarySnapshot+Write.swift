internal import FrameCodec
internal import SegmentModel
internal import StorageIO

extension DictionarySnapshot {
    /// Writes what a dictionary held, under a temporary name first: the file is there whole, or as
    /// it was before.
    ///
    /// - Parameter identity: of the ledger; `place`: the point that the capture was taken at. All
    ///   events before it must be durable.
    /// - Complexity: O(bytes of the dictionary); about as fast as the disk writes.
    /// - Concurrency: blocks; the dictionary may change meanwhile. Call it on an owned thread.
    static func write(
        _ capture: DictionaryCapture, at place: Place, of identity: Identity, to path: String,
        _ fileSystem: any FileSystem
    ) throws(StorageError) {
        let temporary = path + ".new"
        if try fileSystem.exists(temporary) { try fileSystem.remove(temporary) }
        let file = try fileSystem.open(temporary, .createNew)
        do throws(StorageError) {
            try write(capture, at: place, of: identity, to: file)
            try file.syncAll()
            try file.close()
            try fileSystem.rename(temporary, to: path)
        } catch {
            try discard(temporary, after: error, fileSystem)
        }
        try fileSystem.syncDirectory(directory(of: path))
    }

    /// What is left of a failed write would keep a full disk full.
    private static func discard(
        _ temporary: String, after error: StorageError, _ fileSystem: any FileSystem
    ) throws(StorageError) -> Never {
        do throws(StorageError) {
            try fileSystem.remove(temporary)
        } catch {
            // The first failure is the one to report; the next write removes the file.
        }
        throw error
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func write(
        _ capture: DictionaryCapture, at place: Place, of identity: Identity, to file: any File
    ) throws(StorageError) {
        var header = header(capture, at: place, of: identity)
        let eventIDs = header.hasEventIDPages ? [] : compactEventIDs(capture.eventIDs)
        let regions = regions(capture, header, eventIDs)
        for region in regions { header.pieceCount += UInt64(region.pieceCount) }
        header.tableByteCount = header.expectedTableByteCount
        var writer = Writer(
            file: file, offset: DictionarySnapshotHeader.byteCount + Int(header.tableByteCount))
        for region in regions { try writer.write(region) }
        header.fileByteCount = UInt64(writer.offset)
        let tables = tables(capture, header, writer.checksums)
        header.tableChecksum = tables.withUnsafeBytes { crc32c($0) }
        try file.write(header.encoded() + tables, at: 0)
        // What the regions point into lives as long as these.
        withExtendedLifetime((capture, eventIDs)) {}
    }

    // MARK: Header and tables

    private static func header(
        _ capture: DictionaryCapture, at place: Place, of identity: Identity
    ) -> DictionarySnapshotHeader {
        precondition(
            identity.ledger.count == 16 && identity.timeline.count == 16,
            "a ledger and its timeline are named by 16 bytes")
        var header = DictionarySnapshotHeader()
        header.identity = identity
        header.place = place
        header.seed = capture.seed
        header.lastTime = capture.lastTime.rawValue
        header.lastRecordedAt = capture.lastRecordedAt.rawValue
        header.profileCount = UInt64(capture.profiles.count)
        header.eventIDCount = UInt64(capture.eventIDs.count)
        header.fieldNameCount = UInt64(capture.fieldNames.count)
        for number in 0..<capture.fieldNames.count {
            header.fieldNameByteCount += UInt64(capture.fieldNames.bytes(of: number).count)
        }
        header.recordPageCount = UInt64(capture.profiles.records.count)
        header.recordTail = UInt64(capture.profiles.recordTail)
        if header.hasProfileSlots { header.profileGeometry = capture.profiles.geometry }
        if header.hasEventIDPages { header.eventIDGeometry = capture.eventIDs.geometry }
        return header
    }

    private static func tables(
        _ capture: DictionaryCapture, _ header: DictionarySnapshotHeader, _ checksums: [UInt32]
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(header.tableByteCount))
        for page in capture.profiles.records {
            bytes.appendLittleEndian(UInt32(page.usedUnitCount))
            bytes.appendLittleEndian(UInt32(page.memory == nil ? 0 : page.span))
        }
        for number in 0..<capture.fieldNames.count {
            bytes.appendLittleEndian(UInt32(capture.fieldNames.bytes(of: number).count))
        }
        for number in 0..<capture.fieldNames.count {
            bytes += capture.fieldNames.bytes(of: number)
        }
        for checksum in checksums { bytes.appendLittleEndian(checksum) }
        bytes += repeatElement(0, count: Int(header.tableByteCount) - bytes.count)
        return bytes
    }

    // MARK: Regions

    /// Memory that stands in the file as it is, with zeros up to a multiple of 4096.
    private struct Region {
        var base: UnsafeRawPointer
        var byteCount: Int

        var pieceCount: Int {
            (DictionarySnapshot.aligned(byteCount) + pieceByteCount - 1) / pieceByteCount
        }
    }

    private static func regions(
        _ capture: DictionaryCapture, _ header: DictionarySnapshotHeader, _ eventIDs: [UInt128]
    ) -> [Region] {
        var regions: [Region] = []
        for (number, page) in capture.profiles.ordinals.enumerated() {
            let count = min(
                ProfileTable.ordinalsPerPage,
                capture.profiles.count - number * ProfileTable.ordinalsPerPage)
            regions.append(Region(base: page.base, byteCount: count * 4))
        }
        for page in capture.profiles.records {
            guard let memory = page.memory else { continue }
            regions.append(
                Region(
                    base: memory.base,
                    byteCount: page.usedUnitCount * RecordArena.unitByteCount))
        }
        if header.hasProfileSlots { regions += pages(capture.profiles.slots) }
        if header.hasEventIDPages {
            regions += pages(capture.eventIDs.slots)
        } else if !eventIDs.isEmpty {
            eventIDs.withUnsafeBytes { bytes in
                regions.append(Region(base: bytes.baseAddress!, byteCount: bytes.count))
            }
        }
        return regions
    }

    private static func pages(_ pages: [MemoryPage]) -> [Region] {
        pages.map { Region(base: $0.base, byteCount: $0.byteCount) }
    }

    private static func compactEventIDs(_ capture: EventIDTableCapture) -> [UInt128] {
        var eventIDs: [UInt128] = []
        for page in capture.slots {
            let slots = UnsafeBufferPointer(
                start: page.base.assumingMemoryBound(to: UInt128.self),
                count: SlotTable<UInt128>.slotsPerPage)
            eventIDs += slots.lazy.filter { $0 != 0 }
        }
        return eventIDs
    }

    /// Writes regions one after the other and keeps the checksums of their pieces.
    private struct Writer {
        let file: any File
        var offset: Int
        var checksums: [UInt32] = []
        private var padded: [UInt8] = []

        init(file: any File, offset: Int) {
            self.file = file
            self.offset = offset
        }

        mutating func write(_ region: Region) throws(StorageError) {
            var done = 0
            while done < region.byteCount {
                let count = min(pieceByteCount, region.byteCount - done)
                let bytes = UnsafeRawBufferPointer(start: region.base + done, count: count)
                if count % alignment == 0 {
                    try writePiece(bytes)
                } else {
                    try writePadded(bytes)
                }
                done += count
            }
        }

        private mutating func writePiece(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
            checksums.append(crc32c(bytes))
            try file.write(bytes, at: offset)
            offset += bytes.count
        }

        /// Behind a region the dictionary may be writing already: zeros of our own.
        private mutating func writePadded(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
            padded.removeAll(keepingCapacity: true)
            padded.append(contentsOf: bytes)
            padded += repeatElement(0, count: aligned(bytes.count) - bytes.count)
            checksums.append(padded.withUnsafeBytes { crc32c($0) })
            try file.write(padded, at: offset)
            offset += padded.count
        }
    }
}
