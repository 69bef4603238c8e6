internal import FrameCodec
internal import SegmentModel
package import StorageIO

/// Looks through a file of the ledger, damaged or not, frame by frame: for people who want to see
/// what is in it. Unlike opening it never stops at what is wrong: it says so, and goes on at the
/// next frame header, which stands at a multiple of 64 bytes.
///
/// Invariants:
/// - the findings follow each other without a gap, from the first byte of the file to the last;
/// - any bytes give findings; only the file system throws.
///
/// Reads one frame at a time. Blocks: call it on an owned thread.
package struct FileInspection {
    /// What all findings together say.
    package struct Summary: Hashable, Sendable {
        package var byteCount = 0
        package var frameCount = 0
        package var eventCount = 0
        package var changeCount = 0
        package var faultCount = 0
        /// Where the first fault is.
        package var firstFaultOffset: Int?
        /// How far the file was durable, by what its own frames say.
        package var durableUpTo = 0

        /// Bytes fail that were acknowledged; otherwise faults are what a crash left behind.
        package var isCorrupt: Bool { firstFaultOffset.map { $0 < durableUpTo } ?? false }
    }

    private let file: any File
    private let byteCount: Int
    /// Of the first frame found; those of other files differ.
    private var salt: UInt64?
    /// What the next frame has to say; nil behind a gap.
    private var nextNumber: UInt64? = 0
    private var nextPosition: Position?
    private var summary = Summary()

    /// - Throws: `notFound`, or another failure of the file system.
    package static func inspect(
        _ path: String, fileSystem: any FileSystem = LocalFileSystem(),
        visit: (FileFinding) throws -> Void
    ) throws -> Summary {
        do {
            let file = try fileSystem.open(path, .read)
            let result: Summary
            do {
                let byteCount = try file.size()
                guard byteCount <= Limits.chunkByteCountMax else {
                    throw StorageError(notFit: .tooLarge, path: path)
                }
                var inspection = FileInspection(file, byteCount: byteCount)
                result = try inspection.run(visit)
            } catch {
                try file.close()
                throw error
            }
            try file.close()
            return result
        } catch let error as StorageError {
            throw error.failure
        }
    }

    private init(_ file: any File, byteCount: Int) {
        self.file = file
        self.byteCount = byteCount
        summary.byteCount = byteCount
    }

    private mutating func run(_ visit: (FileFinding) throws -> Void) throws -> Summary {
        var offset = 0
        while offset < byteCount {
            let finding = try next(at: offset)
            if finding.isFault {
                summary.faultCount += 1
                summary.firstFaultOffset = summary.firstFaultOffset ?? offset
            }
            switch finding {
            case .frame(let frame):
                count(frame)
                offset += min(frame.header.frameByteCount, byteCount - offset)
            case .gap(let gap):
                nextNumber = nil
                nextPosition = nil
                offset += gap.byteCount
            }
            try visit(finding)
        }
        return summary
    }

    private mutating func count(_ frame: FrameFinding) {
        summary.frameCount += 1
        guard !frame.faults.contains(.salt) else { return }
        nextNumber = frame.header.frameNumber &+ 1
        nextPosition = frame.endPosition
        // A header whose checksum holds says it, whatever became of its payload.
        if !frame.faults.contains(.durableUpTo) {
            summary.durableUpTo = max(
                summary.durableUpTo, Int(clamping: frame.header.durableUpTo))
        }
        guard frame.faults.isEmpty else { return }
        summary.eventCount += Int(frame.header.eventCount)
        summary.changeCount += Int(frame.header.changeCount)
    }

    // MARK: Frames

    private mutating func next(at offset: Int) throws -> FileFinding {
        let start = try read(FrameHeader.byteCount, at: offset)
        let header: FrameHeader
        do throws(FrameError) {
            header = try Self.header(start)
        } catch {
            return .gap(try gap(at: offset, error))
        }
        let bytes = try read(header.frameByteCount, at: offset)
        var finding = FrameFinding(offset: offset, header: header, content: .none, faults: [])
        do throws(FrameError) {
            finding.content = try Self.content(header, bytes)
        } catch {
            finding.faults.append(.payload(error))
        }
        check(&finding)
        return .frame(finding)
    }

    private mutating func check(_ finding: inout FrameFinding) {
        let header = finding.header
        let expected = salt ?? header.salt
        salt = expected
        guard header.salt == expected else {
            finding.faults.append(.salt)
            return
        }
        if let nextNumber, header.frameNumber != nextNumber {
            finding.faults.append(.number(expected: nextNumber))
        }
        if let nextPosition, header.firstPosition != nextPosition {
            finding.faults.append(.position(expected: nextPosition))
        }
        if header.durableUpTo > UInt64(finding.offset) { finding.faults.append(.durableUpTo) }
    }

    private static func header(_ bytes: [UInt8]) throws(FrameError) -> FrameHeader {
        var result: Result<FrameHeader, FrameError> = .failure(.truncated)
        bytes.withUnsafeBytes { buffer in
            do throws(FrameError) {
                result = .success(try FrameHeader(buffer))
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    private static func content(
        _ header: FrameHeader, _ bytes: [UInt8]
    ) throws(FrameError) -> FrameFinding.Content {
        var result: Result<[UInt8], FrameError> = .failure(.truncated)
        bytes.withUnsafeBytes { buffer in
            do throws(FrameError) {
                result = .success(try FrameCodec.payload(of: header, in: buffer))
            } catch {
                result = .failure(error)
            }
        }
        return try content(header, payload: try result.get())
    }

    private static func content(
        _ header: FrameHeader, payload: [UInt8]
    ) throws(FrameError) -> FrameFinding.Content {
        var result: Result<FrameFinding.Content, FrameError> = .success(.none)
        payload.withUnsafeBytes { bytes in
            do throws(FrameError) {
                switch header.kind {
                case .data:
                    result = .success(.events(try FrameCodec.decode(header, payload: payload)))
                case .chunk: result = .success(.chunk(try ChunkHeader(payload: payload)))
                case .footer: result = .success(.footer(try ChunkFooter(payload: bytes)))
                case .manifest: result = .success(.manifest(try LedgerManifest(payload: bytes)))
                case .mark, .end: break
                }
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    // MARK: Gaps

    private static let windowByteCount = 1 << 20

    private func gap(at offset: Int, _ error: FrameError) throws -> FileFinding.Gap {
        var isZero = true
        var start = offset
        while start < byteCount {
            let window = try read(Self.windowByteCount, at: start)
            guard !window.isEmpty else {
                // The file has become shorter meanwhile.
                start = byteCount
                break
            }
            // Bytes of this window that belong to the gap.
            var end = window.count
            let first = start == offset ? FrameHeader.alignment : 0
            for at in stride(from: first, to: window.count, by: FrameHeader.alignment)
            where Self.isHeader(window, at) {
                end = at
                break
            }
            isZero = isZero && window[..<end].allSatisfy { $0 == 0 }
            start += end
            if end < window.count { break }
        }
        return FileFinding.Gap(
            offset: offset, byteCount: start - offset, isZero: isZero,
            isAtEnd: start >= byteCount, firstPosition: nextPosition, error: error)
    }

    private static func isHeader(_ window: [UInt8], _ offset: Int) -> Bool {
        guard window[offset] == FrameHeader.magic[0],
            offset + FrameHeader.byteCount <= window.count
        else { return false }
        do throws(FrameError) {
            _ = try header(Array(window[offset..<offset + FrameHeader.byteCount]))
            return true
        } catch {
            // Some other bytes.
            return false
        }
    }

    /// `count` bytes, or fewer where the file ends.
    private func read(_ count: Int, at offset: Int) throws(StorageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: min(count, byteCount - offset))
        var result: Result<Int, StorageError> = .success(0)
        bytes.withUnsafeMutableBytes { buffer in
            do throws(StorageError) {
                result = .success(try file.read(into: buffer, at: offset))
            } catch {
                result = .failure(error)
            }
        }
        let done = try result.get()
        bytes.removeLast(bytes.count - done)
        return bytes
    }
}
